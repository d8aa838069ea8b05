import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DicomwebClient, type DicomwebOptions } from '../../../src/pacs/dicomweb/client.js';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { receiveBytes } from '../../../src/pacs/receive.js';
import { requirePart } from '../../setup/requirements.js';
import { buildFile, mrElements } from '../buildDicom.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../orthanc.js';
import { filesOf, hasStudies } from '../sharedData.js';

const canPull =
  requirePart('Orthanc with its DICOMweb plugin', hasOrthanc, 'Install orthanc and orthanc-dicomweb.') && hasStudies;

describe.skipIf(!canPull)('a real archive', () => {
  let orthanc: Orthanc;
  let client: DicomwebClient;
  const directory = mkdtempSync(join(tmpdir(), 'pulled-'));
  const t1c = canPull ? filesOf('glioma_tcga_fg_6692', 'T1c_ax') : [];
  const t1 = canPull ? filesOf('glioma_tcga_fg_6692', 'T1_ax') : [];
  const j2k = canPull ? filesOf('tech_j2k_lossless_dev', 'S1') : [];
  const glioma = canPull ? parseInstance(readFileSync(t1c[0] as string)) : null;
  const study = glioma?.studyInstanceUid ?? '';

  beforeAll(async () => {
    orthanc = await startOrthanc({ username: 'reader', password: 'p@ss:word' });
    await orthanc.upload([...t1c, ...t1, ...j2k]);
    client = new DicomwebClient({ url: orthanc.dicomWebUrl, username: 'reader', password: 'p@ss:word' });
  });
  afterAll(async () => {
    await orthanc?.stop();
    rmSync(directory, { recursive: true });
  });

  it('is searched for studies, by what C-FIND matches on', async () => {
    const all = await client.searchForStudies();
    expect(all).toHaveLength(2);
    const found = await client.searchForStudies({ studyInstanceUid: study });
    expect(found).toEqual([
      expect.objectContaining({
        studyInstanceUid: study,
        numberOfSeries: 2,
        numberOfInstances: 52,
        modalities: ['MR'],
      }),
    ]);
    expect(found[0]?.patient).toMatchObject({ id: glioma?.patient.id });
    expect(await client.searchForStudies({ patientId: glioma?.patient.id ?? '' })).toHaveLength(1);
    expect(await client.searchForStudies({ patientId: 'nobody' })).toEqual([]);
  });

  it('is searched page by page, up to the limit', async () => {
    const paged = new DicomwebClient({
      url: orthanc.dicomWebUrl,
      username: 'reader',
      password: 'p@ss:word',
      pageSize: 7,
    });
    const instances = await paged.searchForInstances(study, glioma?.seriesInstanceUid ?? '');
    expect(new Set(instances.map(({ sopInstanceUid }) => sopInstanceUid)).size).toBe(t1c.length);
    expect(await client.searchForStudies({ limit: 1 })).toHaveLength(1);
    const second = await client.searchForStudies({ limit: 1, offset: 1 });
    expect(second).toHaveLength(1);
    expect(second).not.toEqual(await client.searchForStudies({ limit: 1 }));
  });

  it('is searched for series', async () => {
    const series = await client.searchForSeries(study);
    expect(series.map(({ numberOfInstances }) => numberOfInstances)).toEqual([26, 26]);
    expect(series.map(({ modality }) => modality)).toEqual(['MR', 'MR']);
    expect(await client.searchForSeries('1.2.3')).toEqual([]);
  });

  it('gives a study file by file, each received with the pixels and UIDs that were sent', async () => {
    const sent = new Map([...t1c, ...t1].map((path) => [parseInstance(readFileSync(path)).sopInstanceUid, path]));
    for await (const part of client.retrieveStudy(study)) {
      const { instance, path } = await receiveBytes(part, directory);
      const pixels = (bytes: Buffer) => bytes.subarray(bytes.lastIndexOf(Buffer.from('e07f1000', 'hex')));
      const original = readFileSync(sent.get(instance.sopInstanceUid) as string);
      expect(pixels(readFileSync(join(directory, path))).equals(pixels(original))).toBe(true);
      sent.delete(instance.sopInstanceUid);
    }
    expect(sent.size).toBe(0);
  });

  it('gives compressed objects as they are', async () => {
    const compressed = parseInstance(readFileSync(j2k[0] as string));
    let parts = 0;
    for await (const part of client.retrieveStudy(compressed.studyInstanceUid)) {
      const { instance } = await receiveBytes(part, directory);
      expect(instance.transferSyntaxUid).toBe('1.2.840.10008.1.2.4.90');
      parts++;
    }
    expect(parts).toBe(j2k.length);
  });

  it('says that it does not have a study', async () => {
    await expect(client.retrieveStudy('1.2.3.4').next()).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND' });
  });

  it('is asked with the user and password of its address, too', async () => {
    const url = orthanc.dicomWebUrl.replace('http://', 'http://reader:p%40ss%3Aword@');
    expect(await new DicomwebClient({ url }).searchForStudies()).toHaveLength(2);
  });

  it.each([{}, { username: 'reader', password: 'wrong' }, { token: 'nonsense' }])('refuses %o', async (credentials) => {
    const stranger = new DicomwebClient({ url: orthanc.dicomWebUrl, ...credentials });
    await expect(stranger.searchForStudies()).rejects.toMatchObject({ code: 'PACS_REFUSED' });
    await expect(stranger.retrieveStudy(study).next()).rejects.toMatchObject({ code: 'PACS_REFUSED' });
  });

  it('is not found where the path of its address is wrong', async () => {
    const wrong = new DicomwebClient({ url: `${orthanc.url}/wado`, username: 'reader', password: 'p@ss:word' });
    await expect(wrong.searchForStudies()).rejects.toMatchObject({
      code: 'PACS_BAD_ANSWER',
      message: /Check the path/,
    });
  });

  it('that stopped is unreachable', async () => {
    const other = await startOrthanc();
    await other.stop();
    const gone = new DicomwebClient({ url: other.dicomWebUrl });
    await expect(gone.searchForStudies()).rejects.toMatchObject({ code: 'PACS_UNREACHABLE', message: /ECONNREFUSED/ });
  });
});

describe('a broken or hostile archive', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function serve(listener: RequestListener, options: Partial<DicomwebOptions> = {}) {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    return new DicomwebClient({ url: `http://127.0.0.1:${port}/dicom-web`, ...options });
  }

  const file = buildFile(mrElements());
  const part = Buffer.concat([Buffer.from('\r\n--x\r\nContent-Type: application/dicom\r\n\r\n'), file]);
  const multipart = { 'Content-Type': 'multipart/related; type="application/dicom"; boundary=x' };
  const pull = async (client: DicomwebClient) => {
    let bytes = 0;
    for await (const content of client.retrieveStudy('1.2.3')) for await (const chunk of content) bytes += chunk.length;
    return bytes;
  };

  it('that ends a study in the middle of a part, or between two, gave no study', async () => {
    for (const length of [part.length - 10, part.length, 2 * part.length, 2 * part.length + 5]) {
      const client = await serve((_, response) => {
        response
          .writeHead(200, multipart)
          .end(Buffer.concat([part, part, Buffer.from('\r\n--x--')]).subarray(0, length));
      });
      await expect(pull(client)).rejects.toMatchObject({ code: 'PACS_BAD_ANSWER' });
    }
  });

  it('that breaks the connection is unreachable, also midway', async () => {
    const client = await serve((_, response) => {
      response.writeHead(200, multipart).write(part);
      setTimeout(() => response.destroy(), 50);
    });
    await expect(pull(client)).rejects.toMatchObject({ code: 'PACS_UNREACHABLE' });
  });

  it('that falls silent is unreachable, before its answer and within it', async () => {
    const mute = await serve(() => {}, { timeoutMs: 100 });
    await expect(pull(mute)).rejects.toMatchObject({ code: 'PACS_UNREACHABLE', message: /silent for 100 ms/ });
    const stuck = await serve((_, response) => response.writeHead(200, multipart).write(part), { timeoutMs: 100 });
    await expect(pull(stuck)).rejects.toMatchObject({ code: 'PACS_UNREACHABLE', message: /silent for 100 ms/ });
  });

  it('is not called silent while the reader is slow', async () => {
    const client = await serve(
      (_, response) => response.writeHead(200, multipart).end(Buffer.concat([part, part, Buffer.from('\r\n--x--')])),
      { timeoutMs: 100 },
    );
    let bytes = 0;
    for await (const content of client.retrieveStudy('1.2.3')) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      for await (const chunk of content) bytes += chunk.length;
    }
    expect(bytes).toBe(2 * file.length);
  });

  it.each([
    [500, 'PACS_UNREACHABLE'],
    [503, 'PACS_UNREACHABLE'],
    [429, 'PACS_UNREACHABLE'],
    [401, 'PACS_REFUSED'],
    [403, 'PACS_REFUSED'],
    [400, 'PACS_BAD_ANSWER'],
    [406, 'PACS_BAD_ANSWER'],
    [302, 'PACS_BAD_ANSWER'],
  ])('that answers HTTP %i fails with %s', async (status, code) => {
    const client = await serve((_, response) => {
      response.writeHead(status, { Location: 'http://elsewhere.example/' }).end();
    });
    await expect(client.searchForStudies()).rejects.toMatchObject({ code });
    await expect(pull(client)).rejects.toMatchObject({ code });
  });

  it.each([
    ['HTML', 'text/html', '<html>login</html>'],
    ['JSON that is no array', 'application/json', '{"error": 1}'],
    ['results without a UID', 'application/dicom+json', '[{}]'],
    ['a UID that is a path', 'application/dicom+json', '[{"0020000D":{"vr":"UI","Value":["../../x"]}}]'],
    ['nothing', 'application/dicom+json', ''],
  ])('that answers a search with %s gave a bad answer', async (_, type, body) => {
    const client = await serve((__, response) => response.writeHead(200, { 'Content-Type': type }).end(body));
    await expect(client.searchForStudies()).rejects.toMatchObject({ code: 'PACS_BAD_ANSWER' });
  });

  it.each([
    ['HTML', { 'Content-Type': 'text/html' }, Buffer.from('<html>')],
    ['a multipart without boundary', { 'Content-Type': 'multipart/related' }, part],
    ['parts that are no DICOM', multipart, Buffer.from('--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x--')],
  ])('that answers a retrieval with %s gave a bad answer', async (_, headers, body) => {
    const client = await serve((__, response) => response.writeHead(200, headers).end(body));
    await expect(pull(client)).rejects.toMatchObject({ code: 'PACS_BAD_ANSWER' });
  });

  it('that answers with no part at all does not have the study', async () => {
    const client = await serve((_, response) => response.writeHead(200, multipart).end('--x--'));
    await expect(pull(client)).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND' });
  });

  it('may answer one instance without an envelope', async () => {
    const client = await serve((_, response) =>
      response.writeHead(200, { 'Content-Type': 'application/dicom' }).end(file),
    );
    expect(await pull(client)).toBe(file.length);
  });

  it('may not send more than is allowed', async () => {
    const client = await serve(
      (_, response) => response.writeHead(200, multipart).end(Buffer.concat([part, part, Buffer.from('\r\n--x--')])),
      { maxBytes: file.length },
    );
    await expect(pull(client)).rejects.toMatchObject({ code: 'PACS_BAD_ANSWER', message: /allowed/ });
  });

  it('that ignores the offset does not keep a search going for ever', async () => {
    const study = { '0020000D': { vr: 'UI', Value: ['1.2.3'] } };
    let asked = 0;
    const client = await serve((_, response) => {
      asked++;
      response.writeHead(200, { 'Content-Type': 'application/dicom+json' }).end(JSON.stringify([study]));
    });
    expect(await client.searchForStudies()).toHaveLength(1);
    expect(asked).toBe(2);
  });

  it('cannot send us to another host by its RetrieveURLs', async () => {
    let trapped = 0;
    const trap = createServer((_, response) => {
      trapped++;
      response.end();
    });
    servers.push(trap);
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
    const lure = `http://127.0.0.1:${(trap.address() as { port: number }).port}/studies/1.2.3`;
    const asked: string[] = [];
    const client = await serve((request, response) => {
      asked.push(request.url ?? '');
      if (request.url?.includes('?')) {
        const study = { '0020000D': { vr: 'UI', Value: ['1.2.3'] }, '00081190': { vr: 'UR', Value: [lure] } };
        const empty = !request.url.includes('offset=0');
        response.writeHead(200, { 'Content-Type': 'application/dicom+json' }).end(JSON.stringify(empty ? [] : [study]));
      } else {
        response.writeHead(200, multipart).end(Buffer.concat([part, Buffer.from('\r\n--x--')]));
      }
    });
    const [found] = await client.searchForStudies();
    expect(await pull(client)).toBe(file.length);
    expect(found?.studyInstanceUid).toBe('1.2.3');
    expect(asked.at(-1)).toBe('/dicom-web/studies/1.2.3');
    expect(trapped).toBe(0);
  });

  it('is not asked for a study whose UID is a path', async () => {
    const client = await serve((_, response) => response.end());
    await expect(client.retrieveStudy('../../admin').next()).rejects.toMatchObject({ code: 'INVALID_DICOM' });
  });

  it('never gets the password into a message', async () => {
    const client = new DicomwebClient({ url: 'http://user:secret@127.0.0.1:9/dicom-web' });
    const error = await client.searchForStudies().catch((reason) => reason);
    expect(error.code).toBe('PACS_UNREACHABLE');
    expect(`${error.message} ${error.stack}`).not.toContain('secret');
  });
});
