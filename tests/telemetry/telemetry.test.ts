import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { openDatabase } from '../../src/database/database.js';
import { createLog } from '../../src/output/log.js';
import { type Answer, temporaryFolder, until } from '../setup/program.js';
import { SHIPPED_VERSION } from '../setup/shippedModel.js';
import { type Collector, type Span, startCollector } from './collector.js';
import { SEED, type SeededProgram, startSeeded, stow } from './seededProgram.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: SeededProgram;
let collector: Collector;
const errorAnswers: string[] = [];
let metrics: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  collector = await startCollector();
  program = await startSeeded(folder.path, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_SERVICE_NAME: 'mri-one',
  });
  await provoke();
  metrics = await get('/metrics');
});
afterAll(async () => {
  await program?.stop();
  collector?.close();
  await folder.remove();
});

async function get(path: string): Promise<string> {
  return (await fetch(`${program.url}${path}`)).text();
}

/** Whatever a caller can do wrong with what names a patient, in URLs, documents, variables, headers and bodies. */
async function provoke(): Promise<void> {
  await giveUp();
  const [study = '', series = ''] = program.uids;
  const asked: [string, object?][] = [
    [`{ study(studyInstanceUid: "${SEED}") { id } }`],
    [`query ${SEED}($name: String) { pacsStudies(filter: { patientName: $name }) { nodes { pacs } } }`, { name: SEED }],
    [`{ ${SEED.toLowerCase()}(`],
    ['{ nothing }'],
    ['{ prediction(id: "prediction-0") { id } }'],
    [
      `mutation { explainPrediction(input: { predictionId: "prediction-00000000-0000-0000-0000-000000000000" }) { explanation { id } } }`,
    ],
    [
      `mutation ($uid: DicomUid!) { classifyStudy(input: { studyInstanceUid: $uid, pacs: "none" }) { job { id } } }`,
      { uid: study },
    ],
  ];
  for (const [query, variables] of asked) {
    const { errors } = await program.ask(query, variables);
    // What GraphQL says of a document quotes the document; that is the caller's own.
    // The path of an error is made of the caller's own names, too.
    for (const { path, ...error } of errors ?? [])
      if (!/PARSE|BAD_USER_INPUT/.test(error.extensions.code)) errorAnswers.push(JSON.stringify(error));
  }
  const slice = await program.ask(
    'query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { slices(first: 9) { nodes { prediction { explanation { id } } image(size: 64) { url } } } } }',
    { uid: study },
  );
  expect(slice.errors).toBeUndefined();
  await fetch(slice.data.study.slices.nodes[5].image.url);
  const lost = await unforeseen(study);
  errorAnswers.push(JSON.stringify(lost));
  const headers = { 'x-request-id': `${SEED}^${study}`, traceparent: SEED };
  for (const path of [
    `/${SEED}?name=${SEED}`,
    `/dicom-web/studies/${study}/series/${series}`,
    `/fhir/studies/${study}?${SEED}`,
  ])
    await fetch(`${program.url}${path}`, { headers });
  const whole = await readFile(join(folder.path, 'sample', 'anatomy-05.dcm'));
  const other = Buffer.from(whole);
  other[other.length - 1] = 7;
  const refused = await stow(program.url, Buffer.from(`${SEED}, no DICOM`), other);
  errorAnswers.push(JSON.stringify((await refused.json())['0008119A']));
  const arrivals = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ studyInstanceUid: study }),
  };
  errorAnswers.push(await (await fetch(`${program.url}/arrivals`, arrivals)).text());
}

/** What nobody foresaw: a table is gone. */
async function unforeseen(study: string): Promise<Answer> {
  const database = await openDatabase(readConfig({ DATA_DIR: join(folder.path, 'data') }), 'tool', createLog('silent'));
  await database.prisma.$executeRawUnsafe('ALTER TABLE "Report" RENAME TO "Gone"');
  try {
    const query = `query ($uid: DicomUid!) { ${SEED}: study(studyInstanceUid: $uid) { reports { kind } } }`;
    const { errors } = await program.ask(query, { uid: study });
    return errors?.map(({ path, ...error }) => error);
  } finally {
    await database.prisma.$executeRawUnsafe('ALTER TABLE "Gone" RENAME TO "Report"');
    await database.close();
  }
}

/** Half a study, from a sender that then hangs up. */
async function giveUp(): Promise<void> {
  const { port, hostname, host } = new URL(program.url);
  const socket = connect(Number(port), hostname);
  const type = 'multipart/related; type="application/dicom"; boundary=edge';
  socket.write(
    `POST /dicom-web/studies HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${type}\r\nContent-Length: 99\r\n\r\n`,
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.destroy();
}

/** Of the sample whose labels are exactly these. */
function value(name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels)
    .map(([label, is]) => `${label}="${is}"`)
    .sort()
    .join(',');
  for (const line of metrics.split('\n')) {
    const [, found, of = '', number] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (
      found === name &&
      of
        .split(/,(?=\w+=)/)
        .sort()
        .join(',') === wanted
    )
      return Number(number);
  }
  return Number.NaN;
}

describe('/metrics counts', () => {
  it('what came, by door and by what became of it', () => {
    expect(value('mrimaster_received_instances_total', { door: 'C-STORE', outcome: 'OK' })).toBe(24);
    expect(value('mrimaster_received_instances_total', { door: 'STOW-RS', outcome: 'OK' })).toBe(1);
    expect(value('mrimaster_received_instances_total', { door: 'STOW-RS', outcome: 'INVALID_DICOM' })).toBe(1);
    expect(value('mrimaster_received_instances_total', { door: 'STOW-RS', outcome: 'INSTANCE_CONFLICT' })).toBe(1);
  });

  it('predictions by label and status, as they are stored, and what could not be decoded', async () => {
    const model = `brain-mri@${SHIPPED_VERSION}`;
    const { data } = await program.ask(
      'query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { slices(first: 100) { nodes { prediction { label status abstentionReason } } } } }',
      { uid: program.uids[0] },
    );
    const stored = data.study.slices.nodes.map(({ prediction }: Answer) => prediction).filter(Boolean);
    expect(stored).toHaveLength(22);
    const all = new Set<string>(stored.map(({ label, status }: Answer) => `${label ?? 'none'} ${status}`));
    for (const one of all) {
      const [label = '', status = ''] = one.split(' ');
      const count = stored.filter((p: Answer) => (p.label ?? 'none') === label && p.status === status).length;
      expect(value('mrimaster_predictions_total', { model, label, status })).toBe(count);
    }
    for (const reason of new Set<string>(stored.map((p: Answer) => p.abstentionReason).filter(Boolean))) {
      const count = stored.filter((p: Answer) => p.abstentionReason === reason).length;
      expect(value('mrimaster_abstentions_total', { model, reason })).toBe(count);
    }
    expect(value('mrimaster_predictions_total', { model, label: 'none', status: 'FAILED' })).toBe(1);
    expect(value('mrimaster_decode_failures_total', { code: 'UNDECODABLE_PIXELS' })).toBeGreaterThanOrEqual(1);
    expect(value('mrimaster_inference_batch_slices_sum')).toBeGreaterThanOrEqual(21);
    expect(value('mrimaster_inference_duration_seconds_count', { work: 'explain' })).toBeGreaterThanOrEqual(1);
  });

  it('jobs as they stand and as they ended, write-backs, and what the archive answered', () => {
    expect(value('mrimaster_database_up')).toBe(1);
    expect(value('mrimaster_jobs', { kind: 'classify-study', status: 'SUCCEEDED' })).toBe(1);
    expect(value('mrimaster_job_attempts_total', { kind: 'classify-study', outcome: 'OK' })).toBe(1);
    expect(value('mrimaster_job_attempts_total', { kind: 'write-back', outcome: 'OK' })).toBe(1);
    expect(value('mrimaster_write_backs_total', { archive: 'default', outcome: 'OK' })).toBe(1);
    const store = { archive: 'default', request: 'store', outcome: 'OK' };
    expect(value('mrimaster_archive_request_duration_seconds_count', store)).toBe(2);
    expect(metrics).toMatch(
      /archive_request_duration_seconds_count\{archive="default",request="search",outcome="OK"\}/,
    );
  });

  it('requests by route and class of status, and operations by type and code, whatever they are called', () => {
    const requests = (route: string, status: string) =>
      value('mrimaster_http_request_duration_seconds_count', { route, status });
    expect(requests('/graphql', '2xx')).toBeGreaterThan(3);
    expect(requests('/fhir/studies/:studyInstanceUid', '2xx')).toBe(1);
    expect(requests('/images/slices/:id.png', '2xx')).toBe(1);
    expect(requests('none', '4xx')).toBe(2);
    const operations = (type: string, code: string) => value('mrimaster_graphql_operations_total', { type, code });
    expect(operations('query', 'OK')).toBeGreaterThan(1);
    expect(operations('none', 'GRAPHQL_PARSE_FAILED')).toBe(1);
    expect(operations('none', 'GRAPHQL_VALIDATION_FAILED')).toBe(1);
    expect(operations('none', 'BAD_USER_INPUT')).toBe(1); // a literal that a scalar refuses
    expect(operations('mutation', 'PREDICTION_NOT_FOUND')).toBe(1);
    expect(operations('query', 'INTERNAL_SERVER_ERROR')).toBe(1);
    expect(requests('/dicom-web/studies', 'aborted')).toBe(1);
  });
});

describe('a request', () => {
  const ask = (id?: string) =>
    fetch(`${program.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(id && { 'x-request-id': id }) },
      body: JSON.stringify({ query: 'mutation { retryJob(input: { jobId: "none" }) { job { id } } }' }),
    });

  it('keeps the id that its caller gave it: in the answer, in its errors, in the log', async () => {
    const response = await ask('f00dcafe-0001');
    expect(response.headers.get('x-request-id')).toBe('f00dcafe-0001');
    const { errors } = (await response.json()) as Answer;
    expect(errors[0].extensions).toEqual({ code: 'JOB_NOT_FOUND', requestId: 'f00dcafe-0001' });
    const line = await until(
      async () =>
        program
          .log()
          .split('\n')
          .find((one) => one.includes('f00dcafe-0001')),
      (found) => found !== undefined,
    );
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 30, method: 'POST', route: '/graphql', status: 200 });
  });

  it('gets one of our own where it has none, or one that may be a UID or a name', async () => {
    for (const id of [undefined, '1.2.840.113619.2.1', 'DOE^JOHN', 'x'.repeat(65)]) {
      const given = (await ask(id)).headers.get('x-request-id');
      expect(given).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    }
  });
});

describe('traces', () => {
  const TRACE = 'a'.repeat(32);
  const CALLER = 'b'.repeat(16);
  const called = (name: string) => collector.spans().filter((span) => span.name === name);
  const parentOf = ({ parentSpanId }: Span) => collector.spans().find(({ spanId }) => spanId === parentSpanId);

  it('go on in the trace of the caller: request, operation, then the job, its batches and the write-back', async () => {
    const force = `mutation ($uid: DicomUid!) { classifyStudy(input: { studyInstanceUid: $uid, force: true }) { job { id } } }`;
    const response = await fetch(`${program.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${CALLER}-01`, tracestate: `x=${SEED}` },
      body: JSON.stringify({ query: force, variables: { uid: program.uids[0] } }),
    });
    const { id } = ((await response.json()) as Answer).data.classifyStudy.job;
    const job = await until(
      async () => called('job classify-study').find((span) => span.attributes['mrimaster.job.id'] === id),
      (span) => span !== undefined,
    );
    expect(job).toMatchObject({ traceId: TRACE, failed: false, attributes: { 'mrimaster.job.attempt': 1 } });
    const operation = parentOf(job as Span);
    expect(operation).toMatchObject({ name: 'graphql mutation', attributes: { 'mrimaster.code': 'OK' } });
    const request = parentOf(operation as Span);
    expect(request).toMatchObject({
      name: 'POST /graphql',
      parentSpanId: CALLER,
      attributes: { 'http.route': '/graphql', 'http.response.status_code': 200 },
    });
    const below = collector.spans().filter(({ parentSpanId }) => parentSpanId === job?.spanId);
    expect(below.filter(({ name }) => name === 'decode')).toHaveLength(22);
    expect(below.filter(({ name, failed }) => name === 'decode' && failed)).toHaveLength(1);
    const batches = below.filter(({ name }) => name === 'inference classify');
    expect(batches.map(({ attributes }) => attributes['mrimaster.slices']).sort()).toEqual([6, 7, 8]);
    expect(below.filter(({ name }) => name === 'inference read')).toHaveLength(1);
  });

  it('hold the write-back and what archives were asked, with their codes', () => {
    const [writeBack] = called('job write-back');
    expect(parentOf(called('archive store')[0] as Span)).toEqual(writeBack);
    expect(parentOf(writeBack as Span)?.name).toBe('job classify-study');
    const [search] = called('archive search');
    expect(search).toMatchObject({ failed: false, attributes: { 'mrimaster.archive': 'default' } });
    expect(collector.resource()).toMatchObject({ 'service.name': 'mri-one', 'service.version': expect.any(String) });
  });

  it('begin anew where a caller names no trace, or nonsense', () => {
    const found = called('GET /fhir/studies/:studyInstanceUid');
    expect(found).toHaveLength(1);
    expect(found[0]?.parentSpanId ?? '').toBe('');
  });
});

describe('neither who the patient is nor a UID of the study is told', () => {
  const clean = (text: string) => {
    expect(text.length).toBeGreaterThan(0);
    expect([SEED, SEED.toLowerCase(), ...program.uids].filter((secret) => text.includes(secret))).toEqual([]);
  };

  it('by metrics and health', async () => {
    clean(metrics);
    clean(await get('/readyz'));
  });

  it('by errors', () => {
    expect(errorAnswers.length).toBeGreaterThan(4);
    clean(errorAnswers.join('\n'));
  });

  it('by the log, at any level', async () => {
    await program.stop();
    expect(program.log()).toContain('A request was answered.');
    expect(program.log()).toContain('both are kept');
    expect(program.log()).toContain('failed for an unknown reason');
    expect(program.log()).toContain('given up by its caller');
    clean(program.log());
  });

  it('by traces', () => {
    expect(collector.spans().length).toBeGreaterThan(50);
    clean(collector.text());
  });
});
