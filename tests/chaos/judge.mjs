// What is wrong in the end, when nothing is in the way any more.
import { setTimeout as sleep } from 'node:timers/promises';
import { findReports } from '../../benchmarks/setup/orthanc.mjs';
import { ask } from './server.mjs';

const SETTLED_WITHIN_MS = 120_000;
const FIELDS = `studyInstanceUid status revision completeness { state receivedInstances expectedInstances }
  jobs { id kind status error } reports { kind revision storedAt } slices(first: 100) { nodes { predictions { id } } }`;
const RETRY = 'mutation ($id: ID!) { retryJob(input: { jobId: $id }) { job { id } } }';

/**
 * Waits until the studies have settled, and retries failed jobs as an operator does.
 * @returns `complaints`, and how many jobs were `retried`.
 */
export async function judge(server, archive, uids, slices) {
  let retried = 0;
  let found = [];
  for (const deadline = Date.now() + SETTLED_WITHIN_MS; ; await sleep(500)) {
    found = await Promise.all(uids.map((uid) => read(server, uid)));
    if (found.every(hasSettled) || Date.now() > deadline) break;
    for (const study of found)
      for (const { id, status } of study?.jobs ?? []) {
        if (status !== 'FAILED') continue;
        retried++;
        await ask(server, RETRY, { id });
      }
  }
  const complaints = await Promise.all(
    found.map(async (study, index) => {
      const wrong = study ? await faults(study, archive, slices) : ['lost'];
      return wrong.map((what) => `${uids[index]}: ${what}`);
    }),
  );
  return { complaints: complaints.flat(), retried };
}

async function read(server, uid) {
  const { data } = await ask(server, `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { ${FIELDS} } }`, {
    uid,
  });
  return data?.study;
}

const hasSettled = (study) =>
  study?.status === 'CLASSIFIED' &&
  study.completeness.state !== 'INCOMPLETE' &&
  study.jobs.every(({ status }) => status === 'SUCCEEDED') &&
  study.reports.every(({ storedAt }) => storedAt);

async function faults(study, archive, slices) {
  const { completeness, jobs, reports, revision, status } = study;
  const wrong = [];
  if (!hasSettled(study)) {
    const open = jobs
      .filter((job) => job.status !== 'SUCCEEDED')
      .map((job) => `${job.kind} ${job.status} ${job.error}`);
    wrong.push(`stuck in ${status}, ${completeness.state}; ${open.join(', ')}`);
  }
  if (completeness.receivedInstances < slices) wrong.push(`${completeness.receivedInstances} of ${slices} instances`);
  if (study.slices.nodes.some(({ predictions }) => predictions.length !== 1))
    wrong.push('a slice without exactly one prediction');
  const classified = jobs.filter(({ kind }) => kind === 'classify-study').length;
  if (classified > revision) wrong.push(`${classified} jobs for ${revision} revisions`);
  const written = reports.filter(({ kind }) => kind === 'STRUCTURED_REPORT');
  if (new Set(written.map((one) => one.revision)).size !== written.length)
    wrong.push('two reports of the same revision');
  if (!written.some((one) => one.revision === revision)) wrong.push('no report of its last revision');
  const there = (await findReports(archive, study.studyInstanceUid)).length;
  if (there !== written.length) wrong.push(`${there} reports in the archive, ${written.length} written`);
  return wrong;
}
