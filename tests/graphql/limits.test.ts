import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { hashToken } from '../../src/identity/tokens.js';
import { type Answer, type Program, startProgram, temporaryFolder } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: join(folder.path, 'data') });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

async function post(body: unknown, { of = program, token = '' } = {}) {
  const response = await fetch(`${of.server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer };
}
const ask = async (query: string, variables = {}) => {
  const { body, status } = await post({ query, variables });
  return { status, code: body.errors?.[0].extensions.code, message: body.errors?.[0].message as string };
};

const DASHBOARD = `query ($first: Int = 50) { studies(first: $first) { nodes { id status studyDate
  finding { label confidence abstained sliceCounts { label count } model { name version } }
  slices(first: 20) { nodes { id position prediction { status label confidence probabilities { label probability }
    model { name } } } } } } }`;

describe('an operation', () => {
  it('may fill a dashboard of 50 studies with 20 slices and their predictions', async () => {
    expect(await ask(DASHBOARD)).toMatchObject({ status: 200, code: undefined });
  });

  it('is refused by what its lists may hold, through variables, fragments and aliases alike', async () => {
    expect(await ask(DASHBOARD, { first: 500 })).toMatchObject({ status: 400, code: 'QUERY_TOO_COMPLEX' });
    const nested = `{ studies(first: 100) { nodes { ...S } } }
      fragment S on Study { slices(first: 100) { nodes { study { slices(first: 100) { nodes { id } } } } } }`;
    expect(await ask(nested)).toMatchObject({ status: 400, code: 'QUERY_TOO_COMPLEX' });
    const heavy = 'studies(first: 50) { nodes { slices(first: 20) { nodes { predictions { id } } } } }';
    const aliases = Array.from({ length: 20 }, (_, index) => `a${index}: ${heavy}`);
    expect(await ask(`{ ${aliases.join(' ')} }`)).toMatchObject({ status: 400, code: 'QUERY_TOO_COMPLEX' });
    const explained = 'slices(first: 20) { nodes { prediction { explanations { overlay { url } } } } }';
    expect(await ask(`{ studies(first: 10) { nodes { ${explained} } } }`)).toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
  });

  it('is refused when it is too deep, or has too many aliases', async () => {
    const deep = `{ studies(first: 1) { nodes { ${'slices(first: 1) { nodes { study { '.repeat(5)} id ${'} } } '.repeat(5)} } } }`;
    expect((await ask(deep)).message).toContain('levels deep; 15 are the limit');
    const many = Array.from({ length: 51 }, (_, index) => `a${index}: __typename`).join(' ');
    expect((await ask(`{ ${many} }`)).message).toContain('51 aliases; 50 are the limit');
  });

  it('is refused while it is read when it has too many tokens, or bodies are too large', async () => {
    expect(await ask(`{ ${'__typename '.repeat(3000)} }`)).toMatchObject({ status: 400, code: 'GRAPHQL_PARSE_FAILED' });
    expect(await ask(`{ ${'study { '.repeat(3000)} }`)).toMatchObject({ status: 400, code: 'GRAPHQL_PARSE_FAILED' });
    const large = await fetch(`${program.server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __typename }', variables: { x: 'x'.repeat(300_000) } }),
    });
    expect(large.status).toBe(413);
  });

  it('comes alone: batches are refused', async () => {
    expect((await post([{ query: '{ __typename }' }, { query: '{ __typename }' }])).status).toBe(400);
  });

  it('gets errors of its own for variables that do not fit, not ours', async () => {
    expect(await ask('query ($n: Int) { studies(first: $n) { nodes { id } } }', { n: 'many' })).toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  it('may look at the schema as explorers do', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    expect(await ask(getIntrospectionQuery())).toMatchObject({ status: 200, code: undefined });
  });

  it('of a subscription has the same limits', async () => {
    const client = createClient({
      url: `${program.server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
    });
    const query =
      'subscription { studyUpdated { slices(first: 500) { nodes { predictions { explanations { id } } } } } }';
    const errors = await new Promise<Answer>((resolve) => {
      client.subscribe({ query }, { next: resolve, error: resolve, complete: () => {} });
    });
    expect(errors[0].extensions.code).toBe('QUERY_TOO_COMPLEX');
    await client.dispose();
  });
});

describe('a server that is stricter', () => {
  const TOKEN = 'mri_a-token-of-the-tests';
  const STUDIES = 'query Studies { studies(first: 1) { nodes { id } } }';
  const hash = createHash('sha256').update(STUDIES).digest('hex');
  let strict: Program;
  beforeAll(async () => {
    const operations = join(folder.path, 'operations.json');
    writeFileSync(operations, JSON.stringify({ [hash]: STUDIES }));
    const tokens = join(folder.path, 'tokens.json');
    writeFileSync(tokens, JSON.stringify([{ name: 'one', sha256: hashToken(TOKEN), grants: ['reader'] }]));
    strict = await startProgram({
      DATA_DIR: join(folder.path, 'strict'),
      PERSISTED_OPERATIONS: operations,
      TOKENS_FILE: tokens,
      RATE_LIMIT_PER_MINUTE: '10',
    });
  });
  afterAll(() => strict?.close());

  it('answers only the operations that it was given, by their hash or their text', async () => {
    const of = { of: strict, token: TOKEN };
    const persistedQuery = { version: 1, sha256Hash: hash };
    expect((await post({ extensions: { persistedQuery } }, of)).body.data.studies.nodes).toEqual([]);
    expect((await post({ query: STUDIES }, of)).status).toBe(200);
    const other = '{ studies { nodes { id } } }';
    expect((await post({ query: other }, of)).body.errors[0].extensions.code).toBe('OPERATION_NOT_PERSISTED');
    const sha256Hash = createHash('sha256').update(other).digest('hex');
    const left = { query: other, extensions: { persistedQuery: { version: 1, sha256Hash } } };
    expect((await post(left, of)).body.errors[0].extensions.code).toBe('OPERATION_NOT_PERSISTED');
    const unknown = { extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } };
    expect((await post(unknown, of)).body.errors[0].extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  it('tells a caller who asks too often when to come back', async () => {
    const answers = [];
    for (let index = 0; index < 12; index++) answers.push(await post({ query: STUDIES }, { of: strict, token: TOKEN }));
    const last = answers.at(-1);
    expect(last?.status).toBe(429);
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(last?.body.errors[0].extensions.code).toBe('RATE_LIMITED');
  });

  it('tells one who subscribes too often the same', async () => {
    const client = createClient({
      url: `${strict.server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${TOKEN}` },
    });
    const codes: string[] = [];
    const subscribe = () =>
      new Promise<void>((resolve) => {
        const error = (errors: Answer) => {
          codes.push(errors[0].extensions.code);
          resolve();
        };
        client.subscribe({ query: 'subscription { jobUpdated { nothing } }' }, { next() {}, complete() {}, error });
      });
    for (let index = 0; index < 12; index++) await subscribe();
    await client.dispose();
    expect(codes).toEqual([...Array(10).fill('GRAPHQL_VALIDATION_FAILED'), 'RATE_LIMITED', 'RATE_LIMITED']);
  });

  it('lets neither one caller nor those who say nothing take all sockets', async () => {
    const url = `${strict.server.url.replace('http', 'ws')}/graphql`;
    const open = (says: boolean) =>
      new Promise<[WebSocket, string]>((resolve) => {
        const socket = new WebSocket(url, 'graphql-transport-ws');
        const init = { type: 'connection_init', payload: { authorization: `Bearer ${TOKEN}` } };
        socket.once('open', () => (says ? socket.send(JSON.stringify(init)) : resolve([socket, 'silent'])));
        socket.once('message', (message) => resolve([socket, JSON.parse(String(message)).type]));
        socket.once('close', (code) => resolve([socket, String(code)]));
        socket.once('unexpected-response', (_request, { statusCode }) => resolve([socket, String(statusCode)]));
        socket.on('error', () => {});
      });
    const mine = [];
    for (let index = 0; index < 66; index++) mine.push(await open(true));
    const said = mine.map(([, what]) => what);
    expect(said).toEqual([...Array(64).fill('connection_ack'), '4429', '4429']);
    const silent = await Promise.all(Array.from({ length: 66 }, () => open(false)));
    await expect.poll(() => silent.filter(([socket]) => socket.readyState === WebSocket.OPEN)).toHaveLength(64);
    for (const [socket] of [...mine, ...silent]) socket.terminate();
  });
});
