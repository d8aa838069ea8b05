import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importFiles } from '../../src/intake/importFiles.js';
import { signWebhook } from '../../src/notifications/signWebhook.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import {
  type Answer,
  client,
  type Program,
  REPOSITORY,
  runCli,
  spawnProgram,
  startProgram,
  temporaryFolder,
  until,
} from '../setup/program.js';
import { type Received, type Receiver, startReceiver } from '../setup/receiver.js';

const SECRET = 'a secret of the tests';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let first: Receiver;
let second: Receiver;
let env: Record<string, string>;
let program: Program;
let uid: string;
let sample: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  [first, second] = await Promise.all([startReceiver(), startReceiver()]);
  env = {
    DATA_DIR: join(folder.path, 'data'),
    PACS_URL: 'http://127.0.0.1:9/dicom-web', // nobody listens there
    PUBLIC_URL: 'https://mri.hospital.example/',
    WEBHOOK_URL: `${first.url}, ${second.url}`,
    WEBHOOK_SECRET: SECRET,
  };
  program = await startProgram(env);
  sample = join(folder.path, 'sample');
  uid = (await writeSampleStudy(sample)).studyInstanceUid;
  await importFiles(program.context, sample);
});
afterAll(async () => {
  await program?.close();
  for (const receiver of [first, second]) receiver.close();
  await folder.remove();
});

const CLASSIFY = `mutation ($uid: DicomUid!, $pacs: String) {
  classifyStudy(input: { studyInstanceUid: $uid, force: true, pacs: $pacs }) { job { id } } }`;
const JOBS = `{ jobs(filter: { kind: "deliver-webhook" }) { nodes { id status attempts error finishedAt study { studyInstanceUid } } } }`;
const jobs = async (): Promise<Answer[]> => (await program.ask(JOBS)).data.jobs.nodes;
const settled = () => until(jobs, (all) => all.every(({ status }) => status === 'SUCCEEDED'));

/** As docs/notifications.md tells receivers to. */
function isGenuine({ headers, text }: Received): boolean {
  const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-mrimaster-signature'])) ?? [];
  const expected = createHmac('sha256', SECRET).update(`${time}.${text}`).digest('hex');
  return signature === expected && Math.abs(Date.now() / 1000 - Number(time)) < 300;
}

describe('a webhook', () => {
  it('tells each receiver of a classified study, signed, without the patient; one that fails is tried again', async () => {
    second.answer(500, 302, 200);
    await program.ask(CLASSIFY, { uid });
    const [told] = await first.has(1);
    expect(told?.body).toEqual({
      id: told?.headers['x-mrimaster-event-id'],
      type: 'study.classified',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      studyInstanceUid: uid,
      studyId: expect.stringMatching(/^study-/),
      revision: 0,
      status: 'CLASSIFIED',
      failureCode: null,
      finding: {
        answer: expect.stringMatching(/^glioma, [> \d.]+ %$/),
        label: 'glioma',
        confidence: expect.any(Number),
        abstained: false,
        abstentionReason: null,
        model: { name: 'brain-mri', version: expect.any(String) },
      },
      graphql: 'https://mri.hospital.example/graphql',
      intendedUse: 'Research use only – not for diagnostic use',
    });
    await second.has(2);
    expect((await jobs()).find(({ status }) => status !== 'SUCCEEDED')?.error).toMatch(
      /redirects \(HTTP 302\)|HTTP 500/,
    );
    const attempts = await second.has(3);
    expect(attempts.every(isGenuine)).toBe(true);
    expect(new Set(attempts.map(({ body }) => body.id))).toEqual(new Set([told?.body.id]));
    for (const { text } of [...first.received, ...attempts]) expect(text).not.toMatch(/SYNTHETIC|PHANTOM/i);
    const delivered = await settled();
    expect(delivered.map((job) => job.attempts).sort()).toEqual([1, 3]);
    expect(delivered[0].study.studyInstanceUid).toBe(uid);
    expect(first.received).toHaveLength(1);
  });

  it('tells of a study that failed', async () => {
    const before = first.received.length;
    const { job } = (await program.ask(CLASSIFY, { uid, pacs: 'default' })).data.classifyStudy;
    // Repeatedly: pg-boss replaces the row of a job that fails, and an UPDATE that meets that finds none.
    const giveUp = () =>
      program.context.prisma.$executeRaw`UPDATE pgboss.job SET retry_limit = 0 WHERE id = ${job.id}::uuid`;
    await until(giveUp, () => first.received.length > before);
    const told = (await first.has(before + 1)).at(-1);
    expect(told?.body).toMatchObject({
      type: 'study.failed',
      status: 'FAILED',
      failureCode: 'GIVEN_UP',
      finding: null,
    });
    await settled();
  });

  it('that no attempt of a day got through is a failed job, which can be retried', async () => {
    first.answer(503);
    second.answer(204);
    const before = first.received.length;
    await program.ask(CLASSIFY, { uid });
    await first.has(before + 1);
    const age = () => program.context.prisma.$executeRaw`
      UPDATE pgboss.job SET created_on = now() - interval '25 hours'
      WHERE name = 'deliver-webhook' AND state < 'completed'`;
    const failed = await until(
      async () => {
        await age(); // repeatedly: an UPDATE that meets pg-boss replacing the row finds none
        return (await jobs()).find(({ status }) => status === 'FAILED');
      },
      (job) => job !== undefined,
    );
    expect(failed).toMatchObject({ attempts: expect.any(Number), error: expect.stringContaining('HTTP 503') });
    first.answer(200);
    const retry = 'mutation ($id: ID!) { retryJob(input: { jobId: $id }) { job { status } } }';
    expect((await program.ask(retry, { id: failed.id })).data.retryJob.job.status).toBe('QUEUED');
    await settled();
  });

  it('is sent again, as it was, by `mrimaster webhooks replay`, and to receivers that are new', async () => {
    const since = new Date(0).toISOString();
    const events = new Map(first.received.map(({ body, text }) => [body.id, text]));
    const third = await startReceiver();
    await program.close();
    program = await startProgram({ ...env, WEBHOOK_URL: `${first.url},${third.url}` });
    const before = first.received.length;
    const ended = await runCli(['webhooks', 'replay', '--since', since], {
      ...env,
      WEBHOOK_URL: `${first.url},${third.url}`,
    });
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(`${events.size} events since`) });
    const again = (await first.has(before + events.size)).slice(before);
    expect(new Map(again.map(({ body, text }) => [body.id, text]))).toEqual(events);
    expect((await third.has(events.size)).every(isGenuine)).toBe(true);
    await settled();
    third.close();
    expect(await runCli(['webhooks', 'replay', '--since', 'yesterday'], env)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('OPTION_INVALID'),
    });
  });

  it('survives kill -9 of the process that was sending it, and is not lost on a receiver that is down', async () => {
    await program.close();
    first.answer(null);
    const before = first.received.length;
    const { child, url, log } = await spawnProgram({ ...env, PUBLIC_URL: '', WEBHOOK_URL: first.url });
    await client(url)(CLASSIFY, { uid });
    const sending = (await first.has(before + 1)).at(-1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    first.answer(200);
    program = await startProgram({ ...env, WEBHOOK_URL: first.url });
    const repeated = (await first.has(before + 2)).at(-1);
    expect(repeated?.text).toBe(sending?.text);
    expect(log()).not.toMatch(/SYNTHETIC|a secret of the tests/);
    await settled();
  });

  it('is not sent to one whom WEBHOOK_URL names no longer', async () => {
    first.answer(503);
    const before = first.received.length;
    await program.ask(CLASSIFY, { uid });
    await first.has(before + 1);
    await program.close();
    program = await startProgram({ ...env, WEBHOOK_URL: second.url });
    const failed = await until(
      async () => (await jobs()).find(({ status }) => status === 'FAILED'),
      (job) => job !== undefined,
    );
    expect(failed.error).toContain('WEBHOOK_URL no longer names this receiver');
  });
});

it('is believed by the receiver that docs/notifications.md shows, and by it alone where it is genuine', async () => {
  const docs = readFileSync(join(REPOSITORY, 'docs/notifications.md'), 'utf8');
  const [, shown = ''] = /```js\n(import \{ createHmac.*?)\n```/s.exec(docs) ?? [];
  const code = shown.replace(
    '.listen(8080)',
    ".listen(0, '127.0.0.1', function () { console.log(this.address().port); })",
  );
  const keep = 'async function keep(event) { console.log(event.id); }';
  const child = spawn(process.execPath, ['--input-type=module', '-e', `${code}\n${keep}`], {
    env: { ...process.env, WEBHOOK_SECRET: SECRET },
  });
  const lines: string[] = [];
  child.stdout.on('data', (chunk) => lines.push(...String(chunk).trim().split('\n')));
  const [port] = await until(
    async () => lines,
    (all) => all.length > 0,
  );
  const body = JSON.stringify({ id: 'event-1', text: 'Gliom, rechts – größer' });
  const send = async (signature: string) =>
    (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body, headers: { 'x-mrimaster-signature': signature } }))
      .status;
  const now = Math.floor(Date.now() / 1000);
  expect(await send(signWebhook(body, SECRET, now))).toBe(204);
  expect(await send(signWebhook(body, 'another secret', now))).toBe(401);
  expect(await send(signWebhook(body, SECRET, now - 3600))).toBe(401);
  expect(await send(signWebhook(`${body} `, SECRET, now))).toBe(401);
  expect(await send('')).toBe(401);
  expect(lines.slice(1)).toEqual(['event-1']);
  child.kill();
});

it('says the same of a study once, where nothing new has happened', async () => {
  const before = await program.context.prisma.webhookDelivery.count();
  const { stdout } = await runCli(['import', sample], { ...env, WEBHOOK_URL: second.url });
  expect(stdout).toContain('CLASSIFIED');
  expect(await program.context.prisma.webhookDelivery.count()).toBe(before);
});
