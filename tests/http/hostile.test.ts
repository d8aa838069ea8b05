import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Association, PresentationContext } from '../../src/pacs/dimse/association.js';
import { COMMANDS } from '../../src/pacs/dimse/command.js';
import { receiveResponse } from '../../src/pacs/dimse/exchange.js';
import { type Peer, requestAssociation } from '../../src/pacs/dimse/requestAssociation.js';
import { locateDataSet } from '../../src/pacs/header/locateDataSet.js';
import {
  buildDataSet,
  buildEncapsulated,
  buildFile,
  type Elements,
  encapsulate,
  itemHeader,
  mrElements,
  us,
} from '../pacs/buildDicom.js';
import { freePort } from '../setup/freePorts.js';
import { client, type Spawned, spawnProgram, temporaryFolder, until } from '../setup/program.js';

const MR = '1.2.840.10008.5.1.4.1.1.4';
const EXPLICIT = '1.2.840.10008.1.2.1';
const DEFLATED = '1.2.840.10008.1.2.1.99';
const RLE = '1.2.840.10008.1.2.5';
const SYNTAXES = [EXPLICIT, DEFLATED, RLE];
const MEMORY_LIMIT = 450e6;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

type Serving = Spawned & { peer: Peer };

async function serve(dataDir: string): Promise<Serving> {
  const port = await freePort();
  const spawned = await spawnProgram({ DATA_DIR: dataDir, DICOM_PORT: String(port) });
  const peer = { host: '127.0.0.1', port, calledAeTitle: 'MRIMASTER', callingAeTitle: 'TEST', attempts: 1 };
  return { ...spawned, peer };
}

async function associate(peer: Peer): Promise<Association> {
  const contexts = SYNTAXES.map((syntax, index) => ({
    id: 2 * index + 1,
    abstractSyntax: MR,
    transferSyntaxes: [syntax],
  }));
  return requestAssociation(peer, contexts);
}

/** The status that a C-STORE of these bytes is answered with. */
async function store(
  association: Association,
  peer: Peer,
  dataSet: Uint8Array,
  sopInstanceUid: string,
  syntax = EXPLICIT,
): Promise<number> {
  const context = [...association.contexts.values()].find(
    (one) => one.transferSyntax === syntax,
  ) as PresentationContext;
  const command = {
    affectedSopClassUid: MR,
    commandField: COMMANDS.C_STORE_RQ,
    messageId: association.nextMessageId(),
    priority: 0,
  };
  await association.send(context, { ...command, affectedSopInstanceUid: sopInstanceUid }, [dataSet]);
  return (await receiveResponse(association, COMMANDS.C_STORE_RQ, peer)).status;
}

const withoutMeta = (file: Buffer) => file.subarray(locateDataSet(file).offset);
const peakMemory = (pid: number) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
const everyFile = (path: string) => readdirSync(path, { recursive: true, encoding: 'utf8' });

/** An element of group 0008 that announces `length` bytes and holds none. */
function announcing(length: number): Buffer {
  const header = Buffer.from('080030204f420000ffffffff', 'hex');
  header.writeUInt32LE(length, 8);
  return header;
}

const deep = (levels: number): Buffer => {
  const open = Buffer.concat([Buffer.from('0800401153510000ffffffff', 'hex'), Buffer.from('feff00e0ffffffff', 'hex')]);
  return Buffer.concat(Array.from({ length: levels }, () => open));
};

const uids = (number: number): Elements => ({
  '00080018': ['UI', `1.2.3.4.${number}`],
  '0020000D': ['UI', '1.2.3.77'],
});

/** Objects that must be refused (Cxxx or 0110), and why. */
const REFUSED: [string, Buffer, string?][] = [
  ['no data set at all', Buffer.from('not DICOM, whatever its sender says')],
  ['nothing but zeros', Buffer.alloc(100_000)],
  ['half a header', withoutMeta(buildFile(mrElements(uids(1)))).subarray(0, 60)],
  ['a value of 4 GB', Buffer.concat([buildDataSet({ '00080016': ['UI', MR] }), announcing(0xfffffff0)])],
  ['sequences ten thousand deep', Buffer.concat([buildDataSet({ '00080016': ['UI', MR] }), deep(10_000)])],
  ['a deflate bomb of 1 GB', deflateRawSync(Buffer.alloc(1024 ** 3 / 2)), DEFLATED],
  [
    'a UID that is a path',
    withoutMeta(buildFile(mrElements({ ...uids(2), '0020000D': ['UI', '../../../etc/cron.d/x'] }))),
  ],
  [
    'a UID with a NUL in the middle',
    withoutMeta(buildFile(mrElements({ ...uids(3), '0020000E': ['UI', '1.2\0/../3'] }))),
  ],
  ['another object than announced', withoutMeta(buildFile(mrElements(uids(99))))],
  ['a million frames', withoutMeta(buildFile(mrElements({ ...uids(4), '00280008': ['IS', '1000000'] })))],
];

/** Objects that are kept, because received bytes are the record, whose slices then fail or are passed over. */
const KEPT: [string, Buffer, string?][] = [
  [
    'dimensions that overflow',
    withoutMeta(buildFile(mrElements({ ...uids(20), '00280010': ['US', us(65_535)], '00280011': ['US', us(65_535)] }))),
  ],
  ['no pixels', withoutMeta(buildFile(mrElements({ ...uids(21), '7FE00010': ['OW', Buffer.alloc(0)] })))],
  [
    'fragments cut off',
    withoutMeta(buildEncapsulated(mrElements(uids(22)), RLE, encapsulate([Buffer.alloc(64)]).subarray(0, -30))),
    RLE,
  ],
  [
    'a fragment longer than the file',
    withoutMeta(
      buildEncapsulated(
        mrElements(uids(23)),
        RLE,
        Buffer.concat([Buffer.from('e07f10004f420000ffffffff', 'hex'), itemHeader(0), itemHeader(0x7ffffff0)]),
      ),
    ),
    RLE,
  ],
  [
    'a script for a name',
    withoutMeta(buildFile(mrElements({ ...uids(24), '00100010': ['PN', '<script>alert(1)</script>^\x1b[31m'] }))),
  ],
];

describe('a server under attack', () => {
  let server: Serving;
  beforeAll(async () => {
    server = await serve(join(folder.path, 'attacked'));
  });
  afterAll(async () => {
    server.child.kill('SIGTERM');
    await once(server.child, 'exit');
  });
  const answers = async () => (await client(server.url)('{ server { version } }')).data.server.version;

  it.each(REFUSED)('refuses %s, and goes on with the next object of the association', async (_, dataSet, syntax) => {
    const association = await associate(server.peer);
    const status = await store(association, server.peer, dataSet, '1.2.3.4.1', syntax);
    expect(status.toString(16)).toMatch(/^(c[0-9a-f]{3}|110)$/);
    expect(await store(association, server.peer, withoutMeta(buildFile(mrElements(uids(50)))), '1.2.3.4.50')).toBe(0);
    await association.release();
  });

  it.each(KEPT)('keeps an object with %s', async (_, dataSet, syntax) => {
    const association = await associate(server.peer);
    const number = /1\.2\.3\.4\.(\d+)/.exec(dataSet.toString('latin1'))?.[1];
    expect(await store(association, server.peer, dataSet, `1.2.3.4.${number}`, syntax)).toBe(0);
    await association.release();
  });

  it('classifies such a study to its end, each slice with its own failure, and shows names as text', async () => {
    const ask = client(server.url);
    await ask('mutation { classifyStudy(input: { studyInstanceUid: "1.2.3.77" }) { job { id } } }');
    const query = '{ study(studyInstanceUid: "1.2.3.77") { status patient { name } jobs { status } } }';
    const { data } = await until(
      () => ask(query),
      (answer) => ['SUCCEEDED', 'FAILED'].includes(answer.data.study.jobs[0]?.status),
    );
    expect(data.study.jobs[0].status).toBe('SUCCEEDED');
    expect(data.study.patient.name).toBe('<script>alert(1)</script>^[31m');
  });

  it('ends what is no DICOM on the DICOM port, and no body on the HTTP port costs it memory', async () => {
    const raw = async (port: number, bytes: Buffer) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {}); // it is ended while we write: that is what is wanted
      socket.write(bytes);
      setTimeout(() => socket.destroy(), 5000).unref();
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    };
    const { port } = server.peer;
    await raw(port, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await raw(port, Buffer.concat([Buffer.from([1, 0, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(8e6)]));
    await Promise.all(Array.from({ length: 100 }, () => raw(port, Buffer.from([1, 0, 0, 0, 0, 200, 0, 1]))));
    const stow = (type: string, body: string) =>
      fetch(`${server.url}/dicom-web/studies`, { method: 'POST', headers: { 'content-type': type }, body }).catch(
        () => null,
      );
    const multipart = 'multipart/related; type="application/dicom"; boundary=b';
    const endless = await stow(multipart, 'no boundary in here '.repeat(2.5e6));
    expect([409, undefined]).toContain(endless?.status);
    const headers = await stow(multipart, `--b\r\n${'X: y\r\n'.repeat(1e6)}`);
    expect([409, undefined]).toContain(headers?.status);
    const large = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.alloc(1e6, ' '),
    });
    expect(large.status).toBe(413);
  });

  it('answers as before, wrote nothing but what it kept, and took less than 450 MB', async () => {
    expect(await answers()).toMatch(/^\d/);
    const received = join(folder.path, 'attacked/received');
    const files = everyFile(received).filter((name) => /\.(dcm|part)$/.test(name));
    expect(files.filter((name) => name.endsWith('.part'))).toEqual([]);
    expect(files).toHaveLength(KEPT.length + 1);
    expect(everyFile(folder.path).filter((name) => name.endsWith('.dcm'))).toHaveLength(files.length);
    expect(server.log()).not.toContain('alert(1)');
    expect(peakMemory(server.child.pid as number)).toBeLessThan(MEMORY_LIMIT);
  });
});

describe('kill -9 while objects come', () => {
  it('loses none that was acknowledged, and leaves no half of one', async () => {
    const dataDir = join(folder.path, 'killed');
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round++) {
      const { child, peer } = await serve(dataDir);
      const pixels = Buffer.alloc(200_000, round);
      const shape: Elements = { '00280010': ['US', us(250)], '00280011': ['US', us(400)], '7FE00010': ['OW', pixels] };
      const send = async (sender: number) => {
        const association = await associate(peer);
        for (let number = 0; ; number++) {
          const uid = `1.2.4.${round}.${sender}.${number}`;
          const dataSet = withoutMeta(buildFile(mrElements({ ...shape, '00080018': ['UI', uid] })));
          if ((await store(association, peer, dataSet, uid)) === 0) acknowledged.push(uid);
        }
      };
      const senders = [0, 1, 2].map((sender) => send(sender).catch(() => {}));
      await new Promise((resolve) => setTimeout(resolve, 300 + 170 * round));
      child.kill('SIGKILL');
      await Promise.all(senders);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    const { child, url } = await serve(dataDir);
    try {
      const files = everyFile(join(dataDir, 'received'));
      expect(files.filter((name) => name.endsWith('.part'))).toEqual([]);
      const kept = new Set(files.map((name) => name.replace(/^.*\/|\.dcm$/g, '')));
      expect(acknowledged.length).toBeGreaterThan(20);
      expect(acknowledged.filter((uid) => !kept.has(uid))).toEqual([]);
      const query = '{ study(studyInstanceUid: "1.2.3") { completeness { receivedInstances } } }';
      const { data } = await client(url)(query);
      expect(data.study.completeness.receivedInstances).toBeGreaterThanOrEqual(acknowledged.length);
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });
});
