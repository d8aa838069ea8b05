import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DicomwebClient } from '../../../src/pacs/dicomweb/client.js';
import type { DicomJson } from '../../../src/pacs/dicomweb/dicomJson.js';
import { readStowResult } from '../../../src/pacs/dicomweb/stowResult.js';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { readHeader } from '../../../src/pacs/header/readHeader.js';
import { type Authority, createAuthority } from '../../setup/authority.js';
import { sampleFiles } from '../../setup/program.js';
import { requirePart } from '../../setup/requirements.js';
import { buildFile, mrElements, us } from '../buildDicom.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../orthanc.js';

const folder = mkdtempSync(join(tmpdir(), 'dicomweb-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe.skipIf(!requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.'))(
  'Orthanc over DICOMweb',
  () => {
    let orthanc: Orthanc;
    let client: DicomwebClient;
    let paths: string[];
    beforeAll(async () => {
      ({ paths } = await sampleFiles(folder));
      orthanc = await startOrthanc({ username: 'writer', password: 'secret' });
      client = new DicomwebClient({ url: orthanc.dicomWebUrl, username: 'writer', password: 'secret' });
    });
    afterAll(() => orthanc?.stop());
    const first = () => parseInstance(readFileSync(paths[0] as string));

    it('stores files by STOW-RS, again without harm', async () => {
      for (let time = 0; time < 2; time++) {
        const stored = await client.storeInstances(paths);
        expect(stored.filter(({ failure }) => failure)).toEqual([]);
        expect(stored).toHaveLength(25);
      }
      expect(await client.searchForStudies()).toMatchObject([{ numberOfInstances: 25 }]);
    });

    it('gives metadata whose bulk data are fetched from its own root, whatever host they name', async () => {
      const { studyInstanceUid } = first();
      const rows = 300;
      const path = join(folder, 'bulk.dcm');
      const large = { '00280010': ['US', us(rows)], '00280011': ['US', us(rows)] } as const;
      const pixels = Buffer.alloc(rows * rows * 2, 5);
      writeFileSync(path, buildFile(mrElements({ ...(large as object), '7FE00010': ['OW', pixels] })));
      expect((await client.storeInstances([path]))[0]?.failure).toBeUndefined();
      expect(await client.retrieveMetadata(studyInstanceUid)).toHaveLength(25);
      const [json] = await client.retrieveMetadata('1.2.3');
      const uri = (json as Record<string, { BulkDataURI: string }>)['7FE00010']?.BulkDataURI ?? '';
      const elsewhere = uri.replace(/\/\/[^/]+/, '//elsewhere.example');
      expect(elsewhere).not.toBe(uri);
      for await (const { content } of client.retrieveBulkData(elsewhere))
        expect((await collect(content)).equals(pixels)).toBe(true);
      await expect(client.retrieveMetadata('1.2.3.9')).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND' });
      await expect(client.retrieveBulkData('http://elsewhere/secrets').next()).rejects.toMatchObject({
        code: 'PACS_BAD_ANSWER',
      });
    });

    it('gives single frames', async () => {
      const instance = first();
      const bytes = readFileSync(paths[0] as string);
      const { pixelData } = readHeader(bytes);
      const expected = bytes.subarray(pixelData?.dataOffset, (pixelData?.dataOffset ?? 0) + (pixelData?.length ?? 0));
      let frames = 0;
      for await (const { content } of client.retrieveFrames(instance, [1])) {
        expect((await collect(content)).equals(expected)).toBe(true);
        frames++;
      }
      expect(frames).toBe(1);
    });

    it('without the right to store refuses to', async () => {
      const stranger = new DicomwebClient({ url: orthanc.dicomWebUrl, username: 'writer', password: 'wrong' });
      await expect(stranger.storeInstances(paths.slice(0, 1))).rejects.toMatchObject({ code: 'PACS_REFUSED' });
    });
  },
);

describe('a Store Instances Response', () => {
  const sent = ['1.2.1', '1.2.2', '1.2.3'].map((sopInstanceUid) => ({
    path: sopInstanceUid,
    sopClassUid: '1.2',
    sopInstanceUid,
  }));
  const item = (uid: string, more: DicomJson = {}) => ({ '00081155': { vr: 'UI', Value: [uid] }, ...more });
  it('is read object by object, whatever the status of the whole', () => {
    const json = {
      '00081199': { vr: 'SQ', Value: [item('1.2.1', { '00081196': { vr: 'US', Value: [0xb000] } })] },
      '00081198': { vr: 'SQ', Value: [item('1.2.2', { '00081197': { vr: 'US', Value: [0xa700] } })] },
    };
    const [kept, refused, unsaid] = readStowResult(json, sent, 400);
    expect(kept).toEqual({ path: '1.2.1', sopInstanceUid: '1.2.1', warning: 'B000' });
    expect(refused?.failure).toMatchObject({ code: 'PACS_REFUSED', message: expect.stringContaining('A700') });
    expect(unsaid?.failure).toMatchObject({ code: 'PACS_BAD_ANSWER', message: expect.stringContaining('HTTP 400') });
  });
  it.each([[null], [[]], ['text'], [{ '00081199': { Value: [null, 3] } }]])(
    'that is %j says that nothing is stored',
    (json) => {
      expect(readStowResult(json, sent, 200).every(({ failure }) => failure)).toBe(true);
    },
  );
});

describe.skipIf(!requirePart('OpenSSL', spawnSync('openssl', ['version']).status === 0, 'Install openssl.'))(
  'an archive behind TLS',
  () => {
    let authority: Authority;
    let server: Server;
    let url: string;
    const seen: { authorization: string | undefined; certified: boolean }[] = [];
    beforeAll(async () => {
      authority = createAuthority(folder);
      const issued = authority.issue('server', 'DNS:localhost');
      server = createServer(
        { key: issued.privateKey, cert: issued.cert, ca: authority.pem, requestCert: true, rejectUnauthorized: true },
        (request, response) => {
          seen.push({
            authorization: request.headers.authorization,
            certified: (request.socket as unknown as { authorized: boolean }).authorized,
          });
          response.writeHead(200, { 'Content-Type': 'application/dicom+json' }).end('[]');
        },
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `https://localhost:${(server.address() as { port: number }).port}/dicom-web`;
    });
    afterAll(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    const ca = () => authority.pem.toString();

    it('is shown our certificate and our token', async () => {
      const { cert, privateKey } = authority.issue('client', 'DNS:localhost');
      const certificates = { ca: ca(), cert: cert.toString(), key: privateKey.toString() };
      expect(await new DicomwebClient({ url, token: 'a.b.c', certificates }).searchForStudies()).toEqual([]);
      expect(seen.at(-1)).toEqual({ authorization: 'Bearer a.b.c', certified: true });
    });

    it('is not believed without its authority, and does not believe us without a certificate', async () => {
      const before = seen.length;
      await expect(new DicomwebClient({ url }).searchForStudies()).rejects.toMatchObject({
        code: 'PACS_UNREACHABLE',
        message: /CERT|VERIFY|SIGN/,
      });
      const nobody = new DicomwebClient({ url, certificates: { ca: ca() } });
      await expect(nobody.searchForStudies()).rejects.toMatchObject({ code: 'PACS_UNREACHABLE' });
      expect(seen.length).toBe(before);
    });
  },
);
