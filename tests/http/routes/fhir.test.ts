import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { classifyStudy } from '../../../src/classify/classifyStudy.js';
import { importFiles } from '../../../src/intake/importFiles.js';
import { writeSampleStudy } from '../../../src/sample/writeSampleStudy.js';
import { createR4Check } from '../../notifications/fhir/r4.js';
import { type Answer, type Program, startProgram, temporaryFolder } from '../../setup/program.js';
import { type Receiver, startReceiver } from '../../setup/receiver.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let receiver: Receiver;
let program: Program;
let uid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  receiver = await startReceiver();
  program = await startProgram({
    DATA_DIR: join(folder.path, 'data'),
    WEBHOOK_URL: receiver.url,
    WEBHOOK_SECRET: 'a secret of the tests',
    WEBHOOK_FORMAT: 'fhir',
  });
  const sample = join(folder.path, 'sample');
  uid = (await writeSampleStudy(sample)).studyInstanceUid;
  await importFiles(program.context, sample);
});
afterAll(async () => {
  await program?.close();
  receiver.close();
  await folder.remove();
});

const check = createR4Check();
async function get(studyInstanceUid: string): Promise<{ status: number; type: string | null; resource: Answer }> {
  const answer = await fetch(`${program.server.url}/fhir/studies/${studyInstanceUid}`);
  return { status: answer.status, type: answer.headers.get('content-type'), resource: await answer.json() };
}

it('refuses by an OperationOutcome where there is no such study, no finding yet, or no UID', async () => {
  for (const [asked, status, code] of [
    ['1.2.3', 404, 'not-found'],
    [uid, 404, 'not-found'],
    ['DOE%5EJANE', 400, 'invalid'],
  ] as const) {
    const { resource, ...answer } = await get(asked);
    expect(answer).toEqual({ status, type: 'application/fhir+json; charset=utf-8' });
    expect(check(resource)).toEqual([]);
    expect(resource.issue[0].code).toBe(code);
    expect(JSON.stringify(resource)).not.toContain('DOE');
  }
});

it('serves the finding, and sends the same as a webhook; neither says who the patient is', async () => {
  await classifyStudy(
    program.context,
    { studyInstanceUid: uid, pacs: null, force: false },
    async () => {},
    AbortSignal.any([]),
  );
  const { status, resource } = await get(uid);
  expect(status).toBe(200);
  for (const one of [resource, ...resource.entry.map((entry: Answer) => entry.resource)])
    expect(check(one)).toEqual([]);
  const [sent] = await receiver.has(1);
  expect(sent?.headers).toMatchObject({
    'content-type': 'application/fhir+json',
    'x-mrimaster-event': 'study.classified',
  });
  const { identifier, ...bundle } = sent?.body ?? {};
  expect(identifier.value).toBe(`urn:uuid:${sent?.headers['x-mrimaster-event-id']}`);
  expect(bundle).toEqual(resource);
  const text = JSON.stringify(resource);
  expect(text).toContain(uid);
  expect(text).toContain('"code":"393564001"');
  expect(text).not.toMatch(/SYNTHETIC|PHANTOM/i);
});
