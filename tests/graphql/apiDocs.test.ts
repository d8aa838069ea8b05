import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as failures from '../../src/errors/errors.js';
import { importFiles } from '../../src/intake/importFiles.js';
import {
  type Answer,
  type Program,
  REPOSITORY,
  sampleFiles,
  startProgram,
  temporaryFolder,
  until,
} from '../setup/program.js';

const PAGE = readFileSync(join(REPOSITORY, 'docs/api.md'), 'utf8');
/** Each with the variables that follow it, if any do. */
const OPERATIONS = [...PAGE.matchAll(/```graphql\n(.+?)```\n(?:\n```json\n(.+?)```)?/gs)].map(
  ([, query = '', variables = '{}']) => ({
    name: /(?:query|mutation|subscription) (\w+)/.exec(query)?.[1] ?? 'without a name',
    query,
    variables: JSON.parse(variables) as object,
  }),
);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let archive: Server;
let program: Program;
/** What stands in the page for something of the reader's own. */
const real: Record<string, string> = {};
beforeAll(async () => {
  folder = await temporaryFolder();
  const { paths, studyInstanceUid } = await sampleFiles(folder.path);
  archive = createServer((request, response) => {
    if (!/\/studies\?/.test(request.url ?? '')) return response.writeHead(401).end(); // it may be searched, not read
    const found = {
      '0020000D': { vr: 'UI', Value: [studyInstanceUid] },
      '00080020': { vr: 'DA', Value: ['20260102'] },
    };
    return response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify([found]));
  }).listen(0, '127.0.0.1');
  await once(archive, 'listening');
  const { port } = archive.address() as AddressInfo;
  program = await startProgram({ DATA_DIR: join(folder.path, 'data'), PACS_URL: `http://127.0.0.1:${port}/dicom-web` });
  await importFiles(program.context, join(folder.path, 'sample'));
  await ended(await enqueue(studyInstanceUid));
  const { data } = await program.ask(
    `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { finding { keySlice { sopInstanceUid prediction { id } } } } }`,
    { uid: studyInstanceUid },
  );
  const { keySlice } = data.study.finding;
  Object.assign(real, {
    studyInstanceUid,
    sopInstanceUid: keySlice.sopInstanceUid,
    predictionId: keySlice.prediction.id,
  });
  real.file = paths[8] as string;
  real.failedJobId = await enqueue('1.2.3');
  await ended(real.failedJobId);
});
afterAll(async () => {
  await program?.close();
  archive?.close();
  await folder?.remove();
});

async function enqueue(uid: string): Promise<string> {
  const classify = 'mutation ($uid: DicomUid!) { classifyStudy(input: { studyInstanceUid: $uid }) { job { id } } }';
  return (await program.ask(classify, { uid })).data.classifyStudy.job.id;
}
const ended = (id: string): Promise<Answer> =>
  until(
    async () =>
      (await program.ask('query ($id: ID!) { node(id: $id) { ... on Job { finishedAt } } }', { id })).data.node,
    (job) => job?.finishedAt != null,
  );

/** Whatever a variable is called in the page, it names something that is here. */
const filled = (variables: object): object =>
  JSON.parse(JSON.stringify(variables), (key, value) => (typeof value === 'string' && real[key]) || value);

async function upload(query: string): Promise<Answer> {
  const form = new FormData();
  form.append('operations', JSON.stringify({ query, variables: { file: null } }));
  form.append('map', JSON.stringify({ 0: ['variables.file'] }));
  form.append('0', new Blob([readFileSync(real.file as string)]), 'slice.dcm');
  const headers = { 'apollo-require-preflight': 'true' };
  return (await fetch(`${program.server.url}/graphql`, { method: 'POST', headers, body: form })).json();
}

/** Until the job has ended. @returns the last event. */
async function follow(query: string, variables: object): Promise<Answer> {
  const url = `${program.server.url.replace('http', 'ws')}/graphql`;
  const client = createClient({ url, webSocketImpl: WebSocket });
  try {
    for await (const event of client.iterate({ query, variables: variables as Record<string, unknown> }))
      if (event.errors || /SUCCEEDED|FAILED/.test((event.data as Answer).jobUpdated.status)) return event;
  } finally {
    await client.dispose();
  }
  throw new Error('The subscription ended before its job did.');
}

describe('docs/api.md', () => {
  it('has ten queries and more', () => {
    expect(OPERATIONS.length).toBeGreaterThanOrEqual(12);
  });

  it.each(OPERATIONS)('$name is answered without an error', async ({ name, query, variables }) => {
    const given = filled(variables);
    if (query.startsWith('subscription'))
      return expect((await follow(query, given)).data.jobUpdated.status).toBe('SUCCEEDED');
    const { data, errors } = 'file' in given ? await upload(query) : await program.ask(query, given);
    expect(errors).toBeUndefined();
    expect(emptyParts(data), `${name} shows something`).toEqual([]);
    if (data.classifyStudy) real.jobId = data.classifyStudy.job.id;
    return undefined;
  });

  it('names every code that a failure may have', () => {
    const classes = Object.values(failures) as (new (message: string) => failures.MrimasterError)[];
    const codes = classes.map((Failure) => new Failure('').code);
    expect(codes.filter((code) => !PAGE.includes(`\`${code}\``))).toEqual([]);
    expect(codes.length).toBeGreaterThan(30);
  });

  it('says the limits as they are', async () => {
    const { MAX_ALIASES, MAX_BODY_BYTES, MAX_COST, MAX_DEPTH, MAX_TOKENS } = await import(
      '../../src/graphql/limits.js'
    );
    const said = `${MAX_BODY_BYTES / 1024} KiB with its variables, ${MAX_TOKENS.toLocaleString('en')} tokens, ${MAX_DEPTH} levels, ${MAX_ALIASES} aliases, and a cost of ${MAX_COST.toLocaleString('en')}`;
    expect(PAGE).toContain(said);
  });
});

/** Top fields that came to nothing: a query of which the real program shows nothing proves nothing. */
function emptyParts(data: Answer): string[] {
  const isEmpty = (value: Answer) => value === null || value?.nodes?.length === 0;
  return Object.keys(data).filter((key) => isEmpty(data[key]));
}
