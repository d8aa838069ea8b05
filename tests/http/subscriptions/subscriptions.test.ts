import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { writeSampleStudy } from '../../../src/sample/writeSampleStudy.js';
import { patience } from '../../setup/patience.js';
import { type Answer, type Program, runCli, startProgram, temporaryFolder, until } from '../../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
let sample: string;
let uid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: join(folder.path, 'data') });
  sample = join(folder.path, 'sample');
  uid = (await writeSampleStudy(sample)).studyInstanceUid;
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

const address = (of = program) => `${of.server.url.replace('http', 'ws')}/graphql`;

type Subscribed = { events: Answer[]; errors: Answer[]; closed: number[]; end(): Promise<void> };

/** Everything that comes, kept. `errors`: what refused it. `closed`: codes of the socket. */
function subscribe(query: string, variables: Record<string, unknown> = {}, of = program): Subscribed {
  const [events, errors, closed]: [Answer[], Answer[], number[]] = [[], [], []];
  const client = createClient({
    url: address(of),
    webSocketImpl: WebSocket,
    retryAttempts: 3,
    retryWait: async () => {},
  });
  client.on('closed', (event) => closed.push((event as { code: number }).code));
  const stop = client.subscribe(
    { query, variables },
    {
      next: (event) => events.push(event),
      error: (error) => errors.push(error),
      complete: () => {},
    },
  );
  return {
    events,
    errors,
    closed,
    end: async () => {
      stop();
      await client.dispose();
    },
  };
}

const STUDY = `subscription ($uid: DicomUid) { studyUpdated(studyInstanceUid: $uid) {
  studyInstanceUid status finding { label } jobs { status } } }`;
const JOB = 'subscription ($id: ID) { jobUpdated(id: $id) { id status progress study { status } } }';
const events = (of: Subscribed, done: (events: Answer[]) => boolean) => until(async () => of.events, done);
const raw = async (lines: string[], body = ''): Promise<string> => {
  const { hostname, port } = new URL(program.server.url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  await Promise.race([
    once(socket, 'close'),
    until(
      async () => text,
      (got) => got.includes('\r\n\r\n'),
    ),
  ]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  return text;
};
const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: graphql-transport-ws',
];

describe('a subscription', () => {
  it('tells of a study that another process imports and classifies, from nothing to its answer', async () => {
    const one = subscribe(STUDY, { uid });
    const any = subscribe(STUDY);
    const other = subscribe(STUDY, { uid: '1.2.3' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { code } = await runCli(['import', sample], { DATA_DIR: program.dataDir, PORT: '0' });
    expect(code).toBe(0);
    const seen = await events(one, (all) => all.at(-1)?.data.studyUpdated.status === 'CLASSIFIED');
    const statuses = seen.map(({ data }) => data.studyUpdated.status);
    expect(statuses).toContain('CLASSIFYING');
    expect(seen.at(-1).data.studyUpdated).toMatchObject({ studyInstanceUid: uid, finding: { label: 'glioma' } });
    await events(any, (all) => all.at(-1)?.data.studyUpdated.status === 'CLASSIFIED');
    expect(other.events).toEqual([]);
    await Promise.all([one.end(), any.end(), other.end()]);
  });

  it('begins with the state that is, follows a job to its end, and shows each state anew', async () => {
    const following = subscribe(STUDY, { uid });
    await events(following, (all) => all.length === 1);
    const everything = subscribe(JOB);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { data } = await program.ask(
      'mutation ($uid: DicomUid!) { classifyStudy(input: { studyInstanceUid: $uid, force: true }) { job { id } } }',
      { uid },
    );
    const { id } = data.classifyStudy.job;
    const job = subscribe(JOB, { id });
    await events(job, (all) => all.at(-1)?.data.jobUpdated.status === 'SUCCEEDED');
    expect(job.events.at(-1).data.jobUpdated).toEqual({
      id,
      status: 'SUCCEEDED',
      progress: 1,
      study: { status: 'CLASSIFIED' },
    });
    const all = await events(everything, (got) => got.at(-1)?.data.jobUpdated.status === 'SUCCEEDED');
    expect(all[0].data.jobUpdated).toMatchObject({ id });
    const last = (
      await events(following, (got) => got.at(-1)?.data.studyUpdated.status === 'CLASSIFIED' && got.length > 2)
    ).at(-1);
    expect(last.data.studyUpdated.jobs.length).toBeGreaterThan(0);
    await Promise.all([following.end(), everything.end(), job.end()]);
  });

  it('crosses from one server to another on the same database', async () => {
    const { database, host, user } = program.context.database.connection;
    const url = `postgresql:///${database}?${new URLSearchParams({ host: String(host), user: String(user) })}`;
    const second = await startProgram({ DATA_DIR: program.dataDir, DATABASE_URL: url });
    try {
      const job = subscribe(JOB, {}, second);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await program.context.prisma.job.create({ data: { id: '00000000-0000-4000-8000-000000000001', kind: 'test' } });
      expect((await events(job, (all) => all.length > 0))[0].data.jobUpdated).toMatchObject({ status: 'QUEUED' });
      await job.end();
    } finally {
      await second.close();
    }
  });

  it('is begun again by its client when the connection to the database broke, and no state is missed', async () => {
    const following = subscribe(STUDY, { uid });
    await events(following, (all) => all.length === 1);
    await program.context.prisma
      .$queryRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mrimaster:listen'`;
    await events(following, (all) => all.length === 2); // its state now, told anew
    expect(following.closed).toEqual([1012]);
    await program.context.prisma.study.update({ where: { studyInstanceUid: uid }, data: { failureCode: 'TEST' } });
    await events(following, (all) => all.length === 3);
    await following.end();
  });

  it('carries ids between processes, nothing of the patient', async () => {
    const client = new Client(program.context.database.connection);
    await client.connect();
    await client.query('LISTEN mrimaster');
    const payloads: string[] = [];
    client.on('notification', ({ payload }) => payloads.push(payload ?? ''));
    const { id } = await program.context.prisma.study.create({
      data: { studyInstanceUid: '1.2.4', modalities: ['MR'], patientName: 'DOE^JANE', patientId: 'P-17' },
    });
    await until(
      async () => payloads,
      (all) => all.length > 0,
    );
    expect(payloads).toEqual([`STUDY ${id} 1.2.4`]);
    await client.end();
  });
});

describe('the socket', () => {
  const refused = async (query: string, variables: Record<string, unknown> = {}): Promise<Answer> => {
    const asked = subscribe(query, variables);
    await until(
      async () => asked.errors.length + asked.events.length,
      (count) => count > 0,
    );
    await asked.end();
    const [error] = asked.errors.flat().concat(asked.events.flatMap(({ errors }) => errors ?? []));
    return error.extensions.code;
  };

  it('carries subscriptions only, under the limits of a request', async () => {
    expect(await refused('{ server { version } }')).toBe('OPERATION_RESOLUTION_FAILURE');
    expect(await refused('mutation { retryJob(input: { jobId: "x" }) { job { id } } }')).toBe(
      'OPERATION_RESOLUTION_FAILURE',
    );
    expect(await refused('subscription { nothing }')).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(await refused(`subscription { jobUpdated { ${'id '.repeat(2000)} } }`)).toBe('GRAPHQL_PARSE_FAILED');
    expect(await refused(JOB, { id: 'none' })).toBe('JOB_NOT_FOUND');
    const { errors } = await program.ask('subscription { jobUpdated { id } }');
    expect(errors?.[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('refuses other hosts, pages of other sites, and other paths', async () => {
    const status = async (path: string, ...headers: string[]) =>
      (await raw([`GET ${path} HTTP/1.1`, ...headers, ...UPGRADE])).split(' ')[1];
    expect(await status('/graphql', 'Host: evil.example')).toBe('421');
    expect(await status('/graphql', 'Host: localhost', 'Origin: https://evil.example')).toBe('403');
    expect(await status('/graphql', 'Host: localhost', 'Origin: null')).toBe('403');
    expect(await status('/images', 'Host: localhost')).toBe('404');
    expect(await status('/graphql', 'Host: localhost', 'Origin: http://localhost:4000')).toBe('101');
  });

  it('serves a request that wishes for HTTP/2 as if it had not', async () => {
    const body = JSON.stringify({ query: '{ server { version } }' });
    const head = [
      'POST /graphql HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ];
    const wish = [
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
    ];
    const answer = await raw([...head, ...wish], body);
    expect(answer).toContain('200 OK');
    expect(answer).toContain('"version"');
  });

  it('holds no more subscriptions than it may, and waits for no one who says nothing', async () => {
    const client = createClient({ url: address(), webSocketImpl: WebSocket, lazy: false });
    const codes: string[] = [];
    const error = (all: Answer) => codes.push(all[0].extensions.code);
    for (let number = 0; number < 40; number++)
      client.subscribe({ query: JOB }, { next: () => {}, error, complete: () => {} });
    await until(
      async () => codes,
      (all) => all.length === 8,
    );
    expect(new Set(codes)).toEqual(new Set(['TOO_MANY_SUBSCRIPTIONS']));
    await client.dispose();
    const silent = new WebSocket(address(), 'graphql-transport-ws');
    expect((await once(silent, 'close'))[0]).toBe(4408);
  });
});

it('in production tells nothing of the schema, and ends its sockets when it is asked to stop', async () => {
  const production = await startProgram({ DATA_DIR: join(folder.path, 'production'), NODE_ENV: 'production' });
  const asked = subscribe('subscription { __type(name: "Job") { name } jobUpdate { id } }', {}, production);
  const [errors] = await until(
    async () => asked.errors,
    (all) => all.length > 0,
  );
  expect(errors.map(({ message }: Answer) => message).join()).toMatch(/introspection/);
  expect(JSON.stringify(errors)).not.toMatch(/Did you mean/);
  await asked.end();
  const open = subscribe(JOB, {}, production);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const started = Date.now();
  await production.close();
  expect(Date.now() - started).toBeLessThan(patience(10_000));
  expect(open.closed[0]).toBe(1001);
  await open.end();
});
