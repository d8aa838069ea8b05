import { percentile } from '../setup/quantiles.mjs';
import { startServer } from './child.mjs';
import { createClient } from './client.mjs';

const TARGET_MS = 40;
const WARM_UP = 100;
const FIELDS = `nodes { id studyInstanceUid studyDate description status receivedAt
  finding { label confidence abstained abstentionReason } } pageInfo { endCursor hasNextPage }`;
const PAGE = `query Page($first: Int!, $after: String, $filter: StudyFilter, $orderBy: StudyOrder) {
  studies(first: $first, after: $after, filter: $filter, orderBy: $orderBy) { ${FIELDS} } }`;
const days = (count) => new Date(Date.now() - count * 86_400_000);

/** Each as a worklist would ask. A filter has a page's worth of studies, and many more. */
const LISTS = {
  'the latest received': {},
  'the latest received, patient and accession number too': {
    query: PAGE.replace('nodes {', 'nodes { patient { name id } accessionNumber'),
  },
  'by day of examination': { orderBy: { field: 'STUDY_DATE' } },
  'the oldest first': { orderBy: { direction: 'ASC' } },
  'failed or partial ones': { filter: { status: ['FAILED', 'PARTIAL'] } },
  'gliomas with a confidence of 0.9 or more': { filter: { label: ['glioma'], minConfidence: 0.9 } },
  'abstentions of half a year, by day': {
    filter: { abstained: true, receivedFrom: days(182).toISOString() },
    orderBy: { field: 'STUDY_DATE' },
  },
  'not reviewed': { filter: { reviewed: false } },
  'a patient by name': { filter: { search: 'FAMILY4711' } },
  'what no study has': { filter: { search: 'nothing of the kind' } },
};

export async function measureLists(env, { pages }) {
  const server = await startServer('mrimaster', env);
  const client = createClient(server.url, 1);
  for (let warm = 0; warm < WARM_UP; warm++) await client.ask(PAGE, { first: 50 });
  console.log(`## Lists

\`studies(first: 50)\` with each study's finding, one client, ${pages} times each: the first page, and the pages that follow it by cursor (from the start again where the list ends).

| studies | first page: median, p95 ms | by cursor: median, p95 ms | statements of 2, 50 | p95 ≤ ${TARGET_MS} ms |
|---|--:|--:|--:|---|`);
  for (const [name, { query = PAGE, ...variables }] of Object.entries(LISTS)) {
    const first = [];
    for (let index = 0; index < pages; index++) first.push((await client.ask(query, { first: 50, ...variables })).ms);
    const later = await leafThrough(client, query, variables, pages);
    const counts = [
      await statements(server, client, query, { first: 2, ...variables }),
      await statements(server, client, query, { first: 50, ...variables }),
    ];
    const worst = Math.max(percentile(first, 0.95), percentile(later, 0.95) || 0);
    const figures = (times) =>
      times.length === 0 ? '–' : `${percentile(times, 0.5).toFixed(1)}, ${percentile(times, 0.95).toFixed(1)}`;
    console.log(
      `| ${name} | ${figures(first)} | ${figures(later)} | ${counts.join(', ')} | ${worst <= TARGET_MS ? 'met' : 'missed'} |`,
    );
  }
  console.log('');
  client.close();
  await server.stop();
}

async function leafThrough(client, query, variables, pages) {
  const times = [];
  let after = null;
  for (let index = 0; times.length < pages && index < 3 * pages; index++) {
    const { data, ms } = await client.ask(query, { first: 50, after, ...variables });
    if (after) times.push(ms);
    const { endCursor, hasNextPage } = data.studies.pageInfo;
    after = hasNextPage ? endCursor : null;
  }
  return times;
}

/** The server's own timers ask the database now and then, too. */
async function statements({ ask }, client, query, variables) {
  const counts = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = await ask('statements');
    await client.ask(query, variables);
    counts.push((await ask('statements')) - before);
  }
  return Math.min(...counts);
}
