// A thread of hostile.mjs: requests that no server should work on for long, in turns; as fast as four connections have
// answers, or one every so many milliseconds. Answers with what each came to.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { createClient } from './client.mjs';

const CONNECTIONS = 4;
const nest = (depth, inner) =>
  `${'slices(first: 1) { nodes { study { '.repeat(depth)}${inner}${' } } }'.repeat(depth)}`;
const many = (count, text) => Array.from({ length: count }, (_, index) => text(index)).join(' ');
const json = (query, variables) => JSON.stringify({ query, variables });
let turn = 0; // each is new to every cache; all but one are below the limit of a body

const KINDS = {
  'deep: 60 levels': () => json(`{ studies { nodes { ${nest(20, `id a${turn}: id`)} } } }`),
  'wide: lists of lists of 500': () =>
    json(`{ studies(first: 500) { nodes { slices(first: 500) { nodes { a${turn}: id predictions { id } } } } } }`),
  'aliases: 400 of one list': () => json(`{ ${many(400, (index) => `a${turn}_${index}: studies { nodes { id } }`)} }`),
  'aliases: 49 dear ones': () =>
    json(`{ ${many(49, (index) => `a${turn}_${index}: statistics { medianSecondsToResult abstentionRate }`)} }`),
  'tokens: 5,000': () => json(`{ ${'__typename '.repeat(5000)} a${turn}: __typename }`),
  'one name of 60,000 characters': () => json(`{ a${turn}${'x'.repeat(60_000)} }`),
  'fragments that spread one another twice, 25 times': () =>
    json(
      `{ studies { nodes { ...F0 } } } ${many(25, (index) => `fragment F${index} on Study { a${turn}_${index}: id ...F${index + 1} ...F${index + 1} }`)} fragment F25 on Study { id }`,
    ),
  'fragments in a circle': () =>
    json(`{ studies { nodes { ...A } } } fragment A on Study { a${turn}: id ...B } fragment B on Study { ...A }`),
  'introspection of introspection': () =>
    json(`{ __schema { types { fields { type { fields { type { fields { type { a${turn}: name } } } } } } } } }`),
  'variables of the wrong type': () =>
    json('query ($n: Int!) { studies(first: $n) { nodes { id } } }', { n: { turn } }),
  'variables: an input of 4,000 values': () =>
    json('query ($f: StudyFilter) { studies(filter: $f) { nodes { id } } }', {
      f: { label: Array.from({ length: 4000 }, (_, index) => `${turn}-${index}`), nothing: true },
    }),
  'JSON that is none': () => `{"query": "{ __typename }", ${turn}`,
  'JSON: 30,000 arrays in one another': () =>
    `{"query":"{ __typename }","variables":{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`,
  'GraphQL that is none': () => json(`{ studies( ${'"""'.repeat(501)} a${turn}`),
  'a body of 2 MB': () => json('{ __typename }', { x: 'x'.repeat(2_000_000) }),
  'a batch of 500': () => `[${Array.from({ length: 500 }, () => json(`{ a${turn}: __typename }`)).join(',')}]`,
};

const { url, count, everyMs } = workerData;
const client = createClient(url, everyMs ? Number.POSITIVE_INFINITY : CONNECTIONS);
const kinds = Object.entries(KINDS);
const answers = everyMs ? await paced() : await client.repeat(count, one);
client.close();
parentPort.postMessage(answers);

async function one() {
  const [kind, make] = kinds[turn++ % kinds.length];
  const body = Buffer.from(make());
  const began = performance.now();
  // A body that is too large may be cut off before it has been sent.
  const { status } = await client.post(body).catch(() => ({ status: 'cut off' }));
  return { kind, status, ms: performance.now() - began };
}

/** At a fixed rate, whatever the answers take. */
async function paced() {
  const asked = [];
  for (const began = performance.now(); asked.length < count; ) {
    asked.push(one());
    await sleep(Math.max(0, began + asked.length * everyMs - performance.now()));
  }
  return Promise.all(asked);
}
