import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnProgram, temporaryFolder } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let fault: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  fault = join(folder.path, 'fault.mjs');
  writeFileSync(
    fault,
    `process.on('SIGUSR2', () => setImmediate(() => { throw new Error('seeded fault'); }));
     process.on('SIGHUP', () => Promise.reject(new Error('seeded fault')));`,
  );
});
afterAll(() => folder.remove());

describe('an exception that nobody foresaw', () => {
  it.each([
    ['in a callback', 'SIGUSR2', ['serve'], undefined],
    ['of a promise', 'SIGHUP', ['serve'], undefined],
    ['in a worker', 'SIGUSR2', ['worker'], /This worker classifies/],
  ] as const)('%s ends the process in order, with exit code 70 and a sentence', async (_, signal, args, ready) => {
    const DATA_DIR = join(folder.path, `data-${signal}`);
    const env = { DATA_DIR, DICOM_PORT: 'off' };
    // A worker needs the database of a server.
    const server = args[0] === 'worker' ? await spawnProgram(env) : undefined;
    const NODE_OPTIONS = `--import=${pathToFileURL(fault)}`;
    const started = await spawnProgram({ ...env, NODE_OPTIONS }, { args: [...args], ...(ready && { ready }) });
    const databases = () =>
      readdirSync(DATA_DIR, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('postmaster.pid'));
    expect(databases()).toHaveLength(1);
    started.child.kill(signal);
    const [code] = await once(started.child, 'exit');
    expect(code).toBe(70);
    expect(started.log()).toContain('fault.mjs'); // where it happened; its message may quote a header
    expect(started.log()).not.toContain('seeded fault');
    expect(started.log()).toMatch(/takes no more work, finishes what it has begun, and ends with exit code 70/);
    if (!server) expect(databases()).toEqual([]); // closed in order
    server?.child.kill('SIGTERM');
    if (server) await once(server.child, 'exit');
  });
});
