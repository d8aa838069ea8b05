import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { openDatabase } from '../../src/database/database.js';
import { createLog } from '../../src/output/log.js';
import { client, type Program, runCli, spawnProgram, startProgram, temporaryFolder, until } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await temporaryFolder();
  env = { DATA_DIR: join(folder.path, 'data') };
});
afterEach(() => folder.remove());

const ENTRY = { subject: 'me', action: 'X', studyInstanceUid: null, object: null, address: '', outcome: 'OK' };
const latest = () => readFile(join(env.DATA_DIR as string, 'audit-head.json'), 'utf8').catch(() => '');
const verify = () => runCli(['audit', 'verify'], env);

async function write(program: Program, entries: number): Promise<void> {
  for (let entry = 0; entry < entries; entry++) await program.context.audit.record([ENTRY]);
}

/** Does `sql` to the database of a server that does not run. */
async function tamper(...statements: string[]): Promise<void> {
  const database = await openDatabase(readConfig(env), 'tool', createLog('silent'));
  for (const sql of statements) await database.prisma.$executeRawUnsafe(sql);
  await database.close();
}

it('an audit without its end is noticed, also by a server that goes on with it', async () => {
  const first = await startProgram(env);
  await write(first, 5);
  await first.close();
  expect(await verify()).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('5 entries, each as it was written'),
  });
  await tamper('DELETE FROM "AuditEntry" WHERE seq > 3');
  const cut = await verify();
  expect(cut.code).toBe(1);
  expect(cut.stdout).toMatch(/had the entry 5 on .*It has 3 entries now.*cut off/);
  const second = await startProgram(env); // writes other entries in their place
  await write(second, 4);
  await second.close();
  expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('had the entry 5 on') });
});

it('what was written since the server started is missed, too', async () => {
  const program = await startProgram(env);
  await write(program, 3);
  await until(latest, (text) => text.includes('"seq":"3"'));
  await program.context.prisma.$executeRawUnsafe('DELETE FROM "AuditEntry" WHERE seq = 3');
  expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('had the entry 3 on') });
  await program.close();
});

it('what a killed server wrote last is known to the one that follows', async () => {
  const { child, log } = await spawnProgram(env);
  const url = /(http:\S+)\/graphql/.exec(log())?.[1] as string;
  const CLASSIFY = 'mutation { classifyStudy(input: { studyInstanceUid: "1.2.3" }) { job { id } } }';
  for (let entry = 0; entry < 3; entry++) await client(url)(CLASSIFY);
  await until(latest, (text) => text.includes('"seq":"3"'));
  child.kill('SIGKILL');
  await once(child, 'exit');
  await tamper('DELETE FROM "AuditEntry" WHERE seq = 3');
  const program = await startProgram(env);
  await write(program, 1);
  await program.close();
  expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('had the entry 3 on') });
});

it('an audit that was emptied, or written anew from the first entry, is noticed', async () => {
  const first = await startProgram(env);
  await write(first, 3);
  await first.close();
  await tamper('TRUNCATE "AuditEntry"');
  expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('It has 0 entries now') });
  const second = await startProgram(env);
  await write(second, 6);
  await second.close();
  expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('written anew') });
});

it('an audit whose table is gone is noticed', async () => {
  await (await startProgram(env)).close();
  await tamper('DROP TABLE "AuditEntry"');
  expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('The audit is gone') });
  await (await startProgram(env)).close(); // and the server says so instead of ending
});

it('a line that was cut off while it was written spoils nothing, and none at all is said', async () => {
  await (await startProgram(env)).close();
  await writeFile(join(env.DATA_DIR as string, 'audit-heads.jsonl'), '{"time":"2026');
  expect(await verify()).toMatchObject({ code: 0, stdout: expect.stringContaining('keeps no last entry') });
});
