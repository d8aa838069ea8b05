import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { InvalidDicom, StorageFull } from '../../../src/errors/errors.js';
import { DimseClient } from '../../../src/pacs/dimse/client.js';
import { writePdu } from '../../../src/pacs/dimse/pdu.js';
import { startProvider } from '../../../src/pacs/dimse/provider.js';
import type { Peer } from '../../../src/pacs/dimse/requestAssociation.js';
import { storeInstances } from '../../../src/pacs/dimse/storeInstances.js';
import { locateDataSet } from '../../../src/pacs/header/locateDataSet.js';
import { freePort } from '../../setup/freePorts.js';
import { sampleFiles } from '../../setup/program.js';
import { requirePart } from '../../setup/requirements.js';
import { buildFile, mrElements, us } from '../buildDicom.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../orthanc.js';
import { hasDcmtk, type Listening, listen } from './dcmtk.js';

const folder = mkdtempSync(join(tmpdir(), 'client-'));
afterAll(() => rmSync(folder, { recursive: true }));

const dataSet = (bytes: Uint8Array) => Buffer.from(bytes.subarray(locateDataSet(bytes).offset));
async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

let paths: string[] = [];
let studyInstanceUid = '';
beforeAll(async () => {
  ({ studyInstanceUid, paths } = await sampleFiles(folder));
});

const needsOrthanc = requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.');

describe.skipIf(!needsOrthanc)('an archive that is Orthanc', () => {
  let orthanc: Orthanc;
  let movePort: number;
  let peer: Peer;
  beforeAll(async () => {
    movePort = await freePort();
    orthanc = await startOrthanc({
      sendsTo: movePort,
      configuration: {
        DicomAlwaysAllowGet: true,
        DicomAlwaysAllowEcho: true,
        DicomCheckCalledAet: true,
      },
    });
    peer = { host: '127.0.0.1', port: orthanc.dicomPort, calledAeTitle: orthanc.aeTitle, callingAeTitle: 'MRIMASTER' };
  });
  afterAll(() => orthanc?.stop());

  it('takes files by C-STORE and answers C-ECHO', async () => {
    const stored = await storeInstances(peer, paths);
    expect(stored.filter(({ failure }) => failure)).toEqual([]);
    expect(stored).toHaveLength(25);
    await new DimseClient(peer).echo();
  });

  it('is searched by C-FIND, with and without wildcards, and stops at the limit', async () => {
    const client = new DimseClient(peer);
    const [found, ...others] = await client.searchForStudies({ studyInstanceUid });
    expect(others).toEqual([]);
    expect(found).toMatchObject({ studyInstanceUid, modalities: ['MR'], numberOfInstances: 25 });
    expect(await client.searchForStudies({ patientName: 'SYNTH*' })).toHaveLength(1);
    expect(await client.searchForStudies({ patientName: 'Nobody' })).toEqual([]);
    expect(await client.searchForStudies({ limit: 1, offset: 1 })).toEqual([]);
    expect((await client.searchForSeries(studyInstanceUid)).length).toBeGreaterThan(0);
  });

  it('sends a study over the same association by C-GET, byte for byte', async () => {
    const sent = new Set(paths.map((path) => dataSet(readFileSync(path)).toString('base64')));
    let got = 0;
    for await (const part of new DimseClient(peer).retrieveStudy(studyInstanceUid)) {
      expect(sent.has(dataSet(await collect(part)).toString('base64'))).toBe(true);
      got++;
    }
    expect(got).toBe(25);
  });

  it('sends a study to us by C-MOVE, and tells how far it is', async () => {
    let received = 0;
    const provider = await startProvider({
      host: '127.0.0.1',
      port: movePort,
      aeTitle: 'MRIMASTER',
      allowed: [{ aeTitle: 'ORTHANCTEST', address: null }],
      store: async ({ bytes }) => {
        await collect(bytes);
        received++;
      },
    });
    const progress: number[] = [];
    const done = await new DimseClient(peer).moveStudy(studyInstanceUid, 'MRIMASTER', ({ completed }) =>
      progress.push(completed),
    );
    await provider.close();
    expect(done).toMatchObject({ completed: 25, failed: 0 });
    expect(received).toBe(25);
    expect(progress.length).toBeGreaterThan(0);
  });

  it('that does not have a study ends C-GET and C-MOVE in an error', async () => {
    const client = new DimseClient(peer);
    // Archives differ: success with nothing sent, or a status of their own.
    const code = expect.stringMatching(/STUDY_NOT_FOUND|PACS_BAD_ANSWER/);
    await expect(client.retrieveStudy('1.2.3.4.5').next()).rejects.toMatchObject({ code });
    await expect(client.moveStudy('1.2.3.4.5', 'MRIMASTER')).rejects.toMatchObject({ code });
  });

  it.each([
    ['called', { calledAeTitle: 'WRONG' }, 'PACS_REFUSED', 'AE title WRONG'],
    ['port', { port: 1, attempts: 1 }, 'PACS_UNREACHABLE', 'ECONNREFUSED'],
  ])('with a wrong %s names it', async (_, wrong, code, message) => {
    const refused = new DimseClient({ ...peer, ...wrong }).echo();
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('with an unknown C-MOVE destination says where to enter it', async () => {
    const refused = new DimseClient(peer).moveStudy(studyInstanceUid, 'NOWHERE');
    await expect(refused).rejects.toMatchObject({ code: expect.stringMatching(/PACS_(REFUSED|BAD_ANSWER)/) });
  });
});

describe.skipIf(!hasDcmtk)('an archive that is dcmqrscp', () => {
  let archive: Listening;
  let peer: Peer;
  let movePort: number;
  beforeAll(async () => {
    movePort = await freePort();
    mkdirSync(join(folder, 'qr'));
    const configuration = [
      'NetworkTCPPort = 0',
      'MaxPDUSize = 16384',
      'MaxAssociations = 16',
      'HostTable BEGIN',
      `us = (MRIMASTER, 127.0.0.1, ${movePort})`,
      'HostTable END',
      'AETable BEGIN',
      `QR ${join(folder, 'qr')} RW (100, 1024mb) ANY`,
      'AETable END',
    ];
    writeFileSync(join(folder, 'qr.cfg'), `${configuration.join('\n')}\n`);
    archive = await listen('dcmqrscp', (port) => ['-c', join(folder, 'qr.cfg'), String(port)], folder);
    peer = { host: '127.0.0.1', port: archive.port, calledAeTitle: 'QR', callingAeTitle: 'MRIMASTER' };
  });
  afterAll(() => archive?.stop());

  it('stores, finds, gets and moves', async () => {
    const client = new DimseClient(peer);
    await client.echo();
    expect((await storeInstances(peer, paths)).filter(({ failure }) => failure)).toEqual([]);
    expect(await client.searchForStudies({ studyInstanceUid })).toMatchObject([{ studyInstanceUid }]);
    let got = 0;
    for await (const part of client.retrieveStudy(studyInstanceUid)) got += (await collect(part)).length > 0 ? 1 : 0;
    expect(got).toBe(25);
    let moved = 0;
    const store = async ({ bytes }: { bytes: AsyncIterable<Uint8Array> }) => {
      await collect(bytes);
      moved++;
    };
    const provider = await startProvider({
      host: '127.0.0.1',
      port: movePort,
      aeTitle: 'MRIMASTER',
      allowed: null,
      store,
    });
    await client.moveStudy(studyInstanceUid, 'MRIMASTER');
    await provider.close();
    expect(moved).toBe(25);
  });
});

describe.skipIf(!hasDcmtk)('C-STORE to storescp', () => {
  it.each([
    ['explicit little endian', '+te', '+x='],
    ['implicit little endian', '+ti', '+x='],
    ['explicit big endian', '+tb', '+x='],
    ['deflated', '+td', '+xd'],
  ])('sends %s with every byte, private elements included', async (_, convert, accept) => {
    const target = mkdtempSync(join(folder, 'scp-'));
    const rows = 64;
    const elements = mrElements({
      '00090010': ['LO', 'ACME 1.1'],
      '00091001': ['UN', Buffer.from('private bytes')],
      '00280010': ['US', us(rows)],
      '00280011': ['US', us(rows)],
      '7FE00010': ['OW', Buffer.alloc(rows * rows * 2, 7)],
    });
    writeFileSync(join(folder, 'plain.dcm'), buildFile(elements));
    const path = join(folder, 'converted.dcm');
    spawnSync('dcmconv', [convert, join(folder, 'plain.dcm'), path]);
    // +B: as it comes over the wire
    const scp = await listen('storescp', (port) => ['+B', accept, '-od', target, String(port)], folder);
    const peer = { host: '127.0.0.1', port: scp.port, calledAeTitle: 'ANY', callingAeTitle: 'MRIMASTER' };
    const [stored] = await storeInstances(peer, [path]);
    await scp.stop();
    expect(stored).toEqual({ path, sopInstanceUid: '1.2.3.4' });
    const [name = ''] = readdirSync(target);
    expect(dataSet(readFileSync(join(target, name))).equals(dataSet(readFileSync(path)))).toBe(true);
  });

  it('reports a transfer syntax that the archive does not take, and a file that is no DICOM, each for itself', async () => {
    const scp = await listen('storescp', (port) => ['+xi', '--ignore', String(port)], folder);
    writeFileSync(join(folder, 'noise.dcm'), 'no DICOM');
    const peer = { host: '127.0.0.1', port: scp.port, calledAeTitle: 'ANY', callingAeTitle: 'MRIMASTER' };
    const [explicit, noise] = await storeInstances(peer, [paths[0] ?? '', join(folder, 'noise.dcm')]);
    await scp.stop();
    expect(explicit?.failure).toMatchObject({
      code: 'PACS_REFUSED',
      message: expect.stringContaining('Explicit VR Little Endian'),
    });
    expect(noise?.failure).toMatchObject({ code: 'INVALID_DICOM' });
  });
});

describe('C-STORE to an archive that is out of resources', () => {
  const sendTo = async (store: () => Promise<void>) => {
    const provider = await startProvider({ host: '127.0.0.1', port: 0, aeTitle: 'FULL', allowed: null, store });
    const peer = { host: '127.0.0.1', port: provider.port, calledAeTitle: 'FULL', callingAeTitle: 'MRIMASTER' };
    const [stored] = await storeInstances(peer, paths.slice(0, 1));
    await provider.close();
    return stored;
  };

  it('is tried again, and succeeds when there is room; what is refused is not', async () => {
    let asked = 0;
    const stored = await sendTo(async () => {
      if (++asked < 3) throw new StorageFull('full');
    });
    expect({ asked, failure: stored?.failure }).toEqual({ asked: 3, failure: undefined });
    asked = 0;
    const refused = await sendTo(async () => {
      asked++;
      throw new InvalidDicom('not this one');
    });
    expect(refused?.failure).toMatchObject({ code: 'PACS_REFUSED', message: expect.stringContaining('C000') });
    expect(asked).toBe(1);
  });
});

describe('a peer that', () => {
  let server: Server;
  afterEach(() => new Promise((resolve) => server.close(resolve)));
  async function answering(answer: (socket: Socket, attempt: number) => void): Promise<Peer & { asked(): number }> {
    let asked = 0;
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => answer(socket, ++asked));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    return {
      host: '127.0.0.1',
      port,
      calledAeTitle: 'PACS',
      callingAeTitle: 'MRIMASTER',
      timeoutMs: 500,
      asked: () => asked,
    };
  }
  const reject = (result: number, source: number, reason: number) =>
    writePdu({ type: 'ASSOCIATE_RJ', result, source, reason });

  it('is busy is asked again; one that refuses is not', async () => {
    const busy = await answering((socket) => socket.end(reject(2, 3, 2)));
    await expect(new DimseClient({ ...busy, attempts: 3 }).echo()).rejects.toMatchObject({ code: 'PACS_UNREACHABLE' });
    expect(busy.asked()).toBe(3);
    server.close();
    const refusing = await answering((socket) => socket.end(reject(1, 1, 3)));
    await expect(new DimseClient(refusing).echo()).rejects.toMatchObject({
      code: 'PACS_REFUSED',
      message: expect.stringContaining('MRIMASTER'),
    });
    expect(refusing.asked()).toBe(1);
  });

  it.each([
    ['closes', (socket: Socket) => socket.end(), 'PACS_UNREACHABLE', 'without an answer'],
    ['speaks HTTP', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'PACS_BAD_ANSWER', 'not DICOM'],
    ['says nothing', () => {}, 'PACS_UNREACHABLE', 'silent'],
    [
      'aborts',
      (socket: Socket) => socket.end(writePdu({ type: 'ABORT', source: 0, reason: 0 })),
      'PACS_REFUSED',
      'aborted',
    ],
  ] as const)('%s is told from others', async (_, answer, code, message) => {
    const peer = await answering(answer);
    const asked = new DimseClient({ ...peer, attempts: 1 }).echo();
    await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
});
