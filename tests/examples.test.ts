import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiError, createClient } from '../examples/client.js';
import { classifyStudy, readWorklist } from '../examples/worklist.js';
import { importFiles } from '../src/intake/importFiles.js';
import { type Program, sampleFiles, startProgram, temporaryFolder } from './setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
let uid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: join(folder.path, 'data') });
  uid = (await sampleFiles(folder.path)).studyInstanceUid;
  await importFiles(program.context, join(folder.path, 'sample'));
});
afterAll(async () => {
  await program?.close();
  await folder?.remove();
});

it('the typed client classifies a study, finds it in the worklist, and tells what went wrong by its code', async () => {
  const ask = createClient(`${program.server.url}/graphql`);
  expect(await classifyStudy(ask, uid, 50)).toBe('CLASSIFIED');
  const { lines, next } = await readWorklist(ask);
  expect(lines).toEqual([expect.stringMatching(new RegExp(`\\d %\\)  ${uid}$`))]);
  expect(next).toBeNull();
  const refused = await readWorklist(ask, 'no cursor').catch((error: ApiError) => error);
  expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', retryable: false });
});
