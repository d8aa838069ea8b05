import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StorageFull } from '../../../src/errors/errors.js';
import { writeCommand } from '../../../src/pacs/dimse/command.js';
import { writeDataHeader, writePdu } from '../../../src/pacs/dimse/pdu.js';
import { type StorageProvider, startProvider } from '../../../src/pacs/dimse/provider.js';
import { type ProviderEvent, type ProviderOptions } from '../../../src/pacs/dimse/providerOptions.js';
import { locateDataSet } from '../../../src/pacs/header/locateDataSet.js';
import { receiveBytes } from '../../../src/pacs/receive.js';
import { type Authority, createAuthority, type Issued } from '../../setup/authority.js';
import { buildFile, mrElements, us } from '../buildDicom.js';
import { hasDcmtk, run } from './dcmtk.js';

const folder = mkdtempSync(join(tmpdir(), 'provider-'));
const received = join(folder, 'received');
const events: ProviderEvent[] = [];
let provider: StorageProvider | undefined;

afterEach(async () => {
  await provider?.close();
  provider = undefined;
  events.length = 0;
  rmSync(received, { recursive: true, force: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(options: Partial<ProviderOptions> = {}): Promise<number> {
  provider = await startProvider({
    host: '127.0.0.1',
    port: 0,
    aeTitle: 'MRIMASTER',
    allowed: null,
    store: async ({ bytes }) => void (await receiveBytes(bytes, received)),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return provider.port;
}

const to = (port: number) => ['-aec', 'MRIMASTER', '127.0.0.1', String(port)];
const dataSet = (path: string) => {
  const bytes = readFileSync(path);
  return bytes.subarray(locateDataSet(bytes).offset);
};
const kept = () => {
  const names = (path: string) => readdirSync(path, { recursive: true, encoding: 'utf8' });
  try {
    return names(received)
      .filter((name) => /\.(dcm|part)$/.test(name))
      .map((name) => join(received, name));
  } catch {
    return [];
  }
};

/** A slice of `kilobytes`, with private elements and names in a character set of two bytes. */
function writeSlice(name: string, number: number, kilobytes = 64): string {
  const rows = 32 * kilobytes; // of 16 columns, 2 bytes each
  const elements = mrElements({
    '00080005': ['CS', '\\ISO 2022 IR 87'],
    '00080018': ['UI', `1.2.3.4.${number}`],
    '00090010': ['LO', 'ACME 1.1'],
    '00091001': ['UN', Buffer.from('private and odd')],
    '00100010': ['PN', Buffer.from('Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B', 'latin1')],
    '00280010': ['US', us(rows)],
    '00280011': ['US', us(16)],
    '7FE00010': ['OW', Buffer.alloc(rows * 32, number)],
  });
  const path = join(folder, name);
  writeFileSync(path, buildFile(elements));
  return path;
}

describe.skipIf(!hasDcmtk)('C-ECHO and C-STORE from DCMTK', () => {
  it('answers echoscu', async () => {
    const port = await start();
    expect(await run('echoscu', to(port))).toMatchObject({ code: 0 });
  });

  it('keeps every byte of the data set as it came, private elements and character set included', async () => {
    const port = await start();
    const path = writeSlice('one.dcm', 1);
    expect(await run('storescu', [...to(port), path])).toMatchObject({ code: 0 });
    const [file = ''] = kept();
    expect(dataSet(file).equals(dataSet(path))).toBe(true);
    expect(readFileSync(file).toString('latin1', 0, 400)).toContain('1.2.3.4.1'); // Media Storage SOP Instance UID
    expect(spawnSync('dcmdump', ['-q', file]).status).toBe(0);
  });

  it.each([
    ['explicit little endian', '-xe', '+te'],
    ['implicit little endian', '-xi', '+ti'],
    ['explicit big endian', '-xb', '+tb'],
    ['deflated', '-xd', '+td'],
  ])('takes %s', async (_, propose, convert) => {
    const port = await start();
    const converted = join(folder, 'converted.dcm');
    spawnSync('dcmconv', [convert, writeSlice('plain.dcm', 2), converted]);
    expect(await run('storescu', [propose, ...to(port), converted])).toMatchObject({ code: 0 });
    // DCMTK deflates anew what it sends
    const content = propose === '-xd' ? inflateRawSync : (bytes: Buffer) => bytes;
    expect(content(dataSet(kept()[0] ?? '')).equals(content(dataSet(converted)))).toBe(true);
  });

  it('keeps what comes over several associations at once', async () => {
    const port = await start();
    const folders = [0, 1, 2, 3].map((sender) =>
      Array.from({ length: 10 }, (_, index) => writeSlice(`${sender}-${index}.dcm`, 100 * (sender + 1) + index)),
    );
    const runs = await Promise.all(folders.map((paths) => run('storescu', [...to(port), ...paths])));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(kept()).toHaveLength(40);
  });

  it('acknowledges an object only when the store has it', async () => {
    let ended = false;
    let endedBeforeStored: boolean | undefined;
    const port = await start({
      store: async ({ bytes }) => {
        for await (const _ of bytes);
        await new Promise((resolve) => setTimeout(resolve, 500));
        endedBeforeStored = ended;
      },
    });
    const { code } = await run('storescu', [...to(port), writeSlice('slow.dcm', 3)]);
    ended = true;
    await new Promise((resolve) => setTimeout(resolve, 600)); // a store that was not waited for is at its end by now
    expect({ code, endedBeforeStored }).toEqual({ code: 0, endedBeforeStored: false });
  });

  it('says A700, try again, when the disk is full, and C000 when the object is none', async () => {
    const full = await start({
      store: async () => {
        throw new StorageFull('The disk is full.');
      },
    });
    const path = writeSlice('full.dcm', 4);
    expect((await run('storescu', ['-v', ...to(full), path])).output).toMatch(/Out ?Of ?Resources|0xa700/i);
    await provider?.close();
    const headless = join(folder, 'no-study.dcm');
    const { '0020000D': _, ...rest } = mrElements();
    writeFileSync(headless, buildFile(rest));
    const port = await start();
    expect((await run('storescu', ['-v', ...to(port), headless])).output).toMatch(/Cannot ?Understand|0xc000/i);
    expect(kept()).toEqual([]);
  });

  it('says A700 also when the disk fills in the middle of an object, and goes on with the next', async () => {
    let objects = 0;
    const port = await start({
      store: async ({ bytes }) => {
        if (++objects > 1) return void (await receiveBytes(bytes, received));
        let chunks = 0;
        for await (const _ of bytes) if (++chunks === 3) throw new StorageFull('The disk is full.');
      },
    });
    const paths = [writeSlice('filling.dcm', 8, 1500), writeSlice('next.dcm', 9)];
    const { output } = await run('storescu', ['-v', '--no-halt', ...to(port), ...paths]);
    expect(output).toMatch(/Out ?Of ?Resources|0xa700/i);
    expect(kept()).toHaveLength(1);
    expect(events.map(({ kind }) => kind)).toEqual(['failed']);
  });

  it.each([
    ['a wrong called AE title', {}, ['-aec', 'OTHER'], 'Called AE Title Not Recognized'],
    [
      'a caller that is not on the list',
      { allowed: [{ aeTitle: 'PACS', address: null }] },
      ['-aec', 'MRIMASTER'],
      'Calling AE Title Not Recognized',
    ],
    [
      'a caller on the list from another address',
      { allowed: [{ aeTitle: 'ECHOSCU', address: '10.1.1.1' }] },
      ['-aec', 'MRIMASTER'],
      'Calling AE Title Not Recognized',
    ],
    ['one association too many', { limits: { associations: 0 } }, ['-aec', 'MRIMASTER'], 'Local Limit Exceeded'],
  ] as const)('rejects %s by its reason', async (_, options, args, reason) => {
    const port = await start(options as never);
    const { code, output } = await run('echoscu', [...args, '127.0.0.1', String(port)]);
    expect(code).not.toBe(0);
    expect(output).toContain(reason);
    expect(events[0]?.kind).toBe('refused');
  });

  it('lets a caller on the list in', async () => {
    const port = await start({ allowed: [{ aeTitle: 'ECHOSCU', address: '127.0.0.1' }] });
    expect(await run('echoscu', to(port))).toMatchObject({ code: 0 });
  });

  it('keeps nothing of an object whose sender is killed in the middle', async () => {
    const port = await start();
    const path = writeSlice('large.dcm', 5, 1500);
    const child = spawn('storescu', [...to(port), path, path, path, path, path, path]);
    await new Promise((resolve) => setTimeout(resolve, 60));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    await expect.poll(() => provider?.associations()).toBe(0);
    expect(kept().filter((name) => name.endsWith('.part'))).toEqual([]);
    for (const file of kept()) expect(dataSet(file).equals(dataSet(path))).toBe(true);
  });
});

describe('what is not DICOM', () => {
  const associate = (over: object = {}) =>
    writePdu({
      type: 'ASSOCIATE_RQ',
      calledAeTitle: 'MRIMASTER',
      callingAeTitle: 'TEST',
      contexts: [{ id: 1, abstractSyntax: '1.2.840.10008.5.1.4.1.1.4', transferSyntaxes: ['1.2.840.10008.1.2'] }],
      maxPduLength: 16_384,
      roles: [],
      ...over,
    });

  /** Sends bytes and returns what comes back until the connection ends, and after how long it does. */
  async function send(port: number, ...parts: Buffer[]): Promise<{ answer: Buffer; ms: number }> {
    const started = Date.now();
    const socket: Socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    for (const part of parts) socket.write(part);
    await new Promise((resolve) => socket.once('close', resolve));
    return { answer: Buffer.concat(chunks), ms: Date.now() - started };
  }
  const stillAnswers = async (port: number) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(associate());
    const [answer] = await new Promise<[Buffer]>((resolve) => socket.once('data', (chunk) => resolve([chunk])));
    socket.destroy();
    return answer[0];
  };

  const forged = Buffer.from([4, 0, 0xff, 0xff, 0xff, 0xf0]);
  const cases: [string, Buffer[]][] = [
    ['HTTP on the DICOM port', [Buffer.from('GET / HTTP/1.1\r\nHost: pacs\r\n\r\n')]],
    ['data before an association', [Buffer.from([4, 0, 0, 0, 0, 4, 0, 0, 0, 0])]],
    ['a forged PDU of 4 GB', [associate(), forged, Buffer.alloc(1_000_000)]],
    ['a forged association request of 4 GB', [Buffer.from([1, 0, 0xff, 0xff, 0xff, 0xf0])]],
    ['an association request cut short', [Buffer.from([1, 0, 0, 0, 0, 8, 0, 1, 0, 0, 1, 2, 3, 4])]],
    ['a presentation data value longer than its PDU', [associate(), Buffer.from([4, 0, 0, 0, 0, 6, 0, 0, 1, 0, 1, 3])]],
    ['a data set without a command', [associate(), Buffer.from([4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 2])]],
    [
      'a command in a context that was not agreed upon',
      [associate(), Buffer.from([4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 9, 3])],
    ],
    ['a command set that is none', [associate(), Buffer.from([4, 0, 0, 0, 0, 8, 0, 0, 0, 4, 1, 3, 7, 7])]],
  ];

  it.each(cases)('ends the connection at %s, at once, and serves others', async (_, parts) => {
    const port = await start();
    const { ms } = await send(port, ...parts);
    expect(ms).toBeLessThan(3000);
    expect(await stillAnswers(port)).toBe(2);
    await expect.poll(() => events.some(({ kind }) => kind === 'broken')).toBe(true);
  });

  it('rejects an association without presentation contexts', async () => {
    const port = await start();
    const { answer } = await send(port, associate({ contexts: [] }));
    expect([...answer.subarray(0, 10)]).toEqual([3, 0, 0, 0, 0, 4, 0, 1, 1, 1]);
  });

  it('ends a connection that sends a byte now and then', async () => {
    const port = await start({ limits: { idleMs: 400 } });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    const request = associate();
    let sent = 0;
    const timer = setInterval(() => socket.write(request.subarray(sent, ++sent)), 50);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(timer);
    expect(events.at(-1)?.reason).toContain('silent');
  });

  it('holds back a sender that is faster than the store', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const port = await start({ store: () => held });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    const command = writeCommand({
      affectedSopClassUid: '1.2.840.10008.5.1.4.1.1.4',
      commandField: 1,
      messageId: 1,
      priority: 0,
      commandDataSetType: 0,
      affectedSopInstanceUid: '1.2.3',
    });
    socket.write(Buffer.concat([associate(), writeDataHeader(1, true, true, command.length), command]));
    const piece = Buffer.concat([writeDataHeader(1, false, false, 100_000), Buffer.alloc(100_000)]);
    for (let sent = 0; sent < 1000; sent++) socket.write(piece); // 100 MB
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(socket.writableLength).toBeGreaterThan(80e6); // it is still ours: the kernels' buffers took the rest
    socket.destroy();
    release();
  });

  it('gives a flood of silent connections no memory, and others their turn afterwards', async () => {
    const port = await start({ limits: { associations: 4, idleMs: 500 } });
    const sockets = Array.from({ length: 200 }, () => connect(port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => {});
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    expect(await stillAnswers(port)).toBe(2);
  });

  it('lets addresses from which nobody may call take no place from others, and ends them at once', async () => {
    const port = await start({ allowed: [{ aeTitle: 'TEST', address: '127.0.0.1' }] });
    const strangers = Array.from({ length: 100 }, () =>
      connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }),
    );
    let open = 0;
    for (const socket of strangers)
      socket
        .on('error', () => {})
        .once('connect', () => open++)
        .resume();
    const ended = Promise.all(strangers.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    await expect.poll(() => open).toBe(100);
    await expect.poll(() => strangers.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(4);
    expect(await stillAnswers(port)).toBe(2);
    const asking = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    asking.write(associate());
    const [refusal] = await new Promise<[Buffer]>((resolve) => asking.once('data', (chunk) => resolve([chunk])));
    expect([...refusal.subarray(0, 10)]).toEqual([3, 0, 0, 0, 0, 4, 0, 1, 1, 3]); // calling AE title not recognized
    asking.destroy();
    await ended;
  });

  it.skipIf(!hasDcmtk)('ends an object larger than allowed, and keeps nothing of it', async () => {
    const port = await start({ limits: { objectBytes: 10_000 } });
    const { code } = await run('storescu', [...to(port), writeSlice('too-large.dcm', 6)]);
    expect(code).not.toBe(0);
    expect(kept()).toEqual([]);
  });
});

describe.skipIf(!hasDcmtk)('TLS with client certificates', () => {
  let authority: Authority;
  let own: Issued;
  let client: Issued;
  beforeAll(() => {
    authority = createAuthority(folder);
    [own, client] = [authority.issue('server', 'DNS:localhost'), authority.issue('client', 'DNS:localhost')];
  });
  const tls = () => ({ key: own.privateKey, cert: own.cert, ca: authority.pem, requestCert: true });

  it('takes a peer with a certificate of our authority, and no other', async () => {
    const port = await start({ tls: tls() });
    const path = writeSlice('tls.dcm', 7);
    const known = await run('storescu', [
      '+tls',
      client.key,
      client.certificate,
      '+cf',
      authority.file,
      ...to(port),
      path,
    ]);
    expect(known.code, known.output).toBe(0);
    expect(kept()).toHaveLength(1);
    const unknown = await run('storescu', ['+tla', '+cf', authority.file, ...to(port), path]);
    expect(unknown.code).not.toBe(0);
    const plain = await run('echoscu', to(port));
    expect(plain.code).not.toBe(0);
  });
});
