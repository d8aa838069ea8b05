import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { VERSION } from '../about.js';

/** Upper bounds of buckets, in seconds: of what a caller waits for. */
const QUICK = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** The same of what takes its time. */
const SLOW = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The metrics of this process, and the registry that prints them. */
export type Metrics = ReturnType<typeof createMetrics>;

/**
 * What this process counts, for GET /metrics. A value of a label is one of few that we have written ourselves or that the
 * configuration names: routes, codes, kinds, archives, the labels of a model. It is never a UID, a path, or what a caller
 * wrote. `outcome` and `code` are "OK" or the code of an error.
 */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const make = metricsIn(registry);
  make.gauge('build_info', 'Always 1; the version of MRIMaster as a label.', ['version']).set({ version: VERSION }, 1);
  return { registry, ...apiMetrics(make), ...modelMetrics(make), ...workMetrics(make) };
}

/** Makes metrics of one registry, whose names begin with "mrimaster_". */
function metricsIn(registry: Registry) {
  const registers = [registry];
  return {
    counter: <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Counter({ name: `mrimaster_${name}`, help, labelNames, registers }),
    gauge: <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Gauge({ name: `mrimaster_${name}`, help, labelNames, registers }),
    histogram: <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
      new Histogram({ name: `mrimaster_${name}`, help, labelNames, buckets, registers }),
  };
}

type Make = ReturnType<typeof metricsIn>;

/** What callers ask of the API. */
function apiMetrics({ counter, gauge, histogram }: Make) {
  return {
    httpRequests: histogram(
      'http_request_duration_seconds',
      'Requests over HTTP until their answer was sent, by the pattern of their route and the class of their status, or "aborted".',
      ['route', 'status'],
      QUICK,
    ),
    operations: counter(
      'graphql_operations_total',
      'GraphQL operations, by type and by the code of their first error.',
      ['type', 'code'],
    ),
    operationSeconds: histogram(
      'graphql_operation_duration_seconds',
      'Queries and mutations from their document to their answer.',
      ['type'],
      QUICK,
    ),
    sockets: gauge('websockets_open', 'WebSockets of subscribers.', []),
  };
}

/** What is decoded and goes through a model. */
function modelMetrics({ counter, histogram }: Make) {
  return {
    predictions: counter('predictions_total', 'Predictions stored. "none" is the label of what could not be read.', [
      'model',
      'label',
      'status',
    ]),
    abstentions: counter('abstentions_total', 'Predictions without an answer, by reason.', ['model', 'reason']),
    batchSlices: histogram(
      'inference_batch_slices',
      'Slices that went through the model together.',
      [],
      [1, 2, 4, 6, 8],
    ),
    inferenceSeconds: histogram(
      'inference_duration_seconds',
      'What a batch (classify), the slices of a series together (read) or the maps of a slice (explain) took, waiting for the model included.',
      ['work'],
      SLOW,
    ),
    decodeSeconds: histogram('decode_duration_seconds', 'Slices decoded, waiting for a thread included.', [], QUICK),
    decodeFailures: counter('decode_failures_total', 'Slices that could not be decoded.', ['code']),
  };
}

/** Jobs, what comes in, and what archives are asked for. */
function workMetrics({ counter, histogram }: Make) {
  return {
    jobAttempts: counter('job_attempts_total', 'Attempts at jobs that ended in this process.', ['kind', 'outcome']),
    conflicts: counter(
      'conflicting_instances_total',
      'Objects that are kept and not used: other bytes under a known UID, or another patient under a known study.',
      ['kind'],
    ),
    received: counter('received_instances_total', 'Objects that came, by door: C-STORE, STOW-RS, or pulled by us.', [
      'door',
      'outcome',
    ]),
    writeBacks: counter('write_backs_total', 'Attempts to write an answer back.', ['archive', 'outcome']),
    archiveSeconds: histogram(
      'archive_request_duration_seconds',
      'What was asked of archives; a pull until its last object.',
      ['archive', 'request', 'outcome'],
      SLOW,
    ),
  };
}
