// The speed of the API: a dashboard beside other GraphQL servers, lists of a million predictions, honest callers among
// hostile ones, and what an idle server takes. Prints Markdown; docs/api-speed.md is its output. Options: --studies N,
// --rounds N, --requests N (a round), --pages N (a list), --hostile N, --only dashboard|lists|hostile|idle,
// --keep FOLDER (its database is filled once, and used again).
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../dist/config/config.js';
import { openContext } from '../dist/openContext.js';
import { createLog } from '../dist/output/log.js';
import { measureDashboard } from './api/dashboard.mjs';
import { fillDatabase } from './api/fillDatabase.mjs';
import { measureHostile } from './api/hostile.mjs';
import { measureIdle } from './api/idle.mjs';
import { measureLists } from './api/lists.mjs';

const { values } = parseArgs({
  options: {
    studies: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '60' },
    pages: { type: 'string', default: '100' },
    hostile: { type: 'string', default: '1000' },
    keep: { type: 'string' },
    only: { type: 'string' },
  },
});
const SLICES = 20;
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'mrimaster-bench-'));
if (!values.keep) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const env = {
  ...process.env,
  NODE_ENV: 'production',
  DATA_DIR: join(folder, 'data'),
  DATABASE_URL: '',
  PACS_URL: '',
  PACS_FILE: '',
  RULES_FILE: '',
  DICOM_PORT: 'off',
  LOG_LEVEL: 'warn',
  INFERENCE_DEVICE: 'cpu',
};

console.log(`# Speed of the API

Printed by \`npm run bench -- api\`: ${cpus().length} cores, Node ${process.version}, clients on the same machine; its load at the start, by other work, ${loadavg()[0].toFixed(1)}.
`);
const parts = {
  dashboard: () => measureDashboard(env, { rounds: Number(values.rounds), requests: Number(values.requests) }),
  lists: () => measureLists(env, { pages: Number(values.pages) }),
  hostile: () => measureHostile(env, { hostile: Number(values.hostile), rounds: 3 }),
  idle: () => measureIdle(env, folder),
};
const database = await openContext(readConfig(env), 'tool', createLog('warn')); // which keeps it running for all parts
const began = performance.now();
const { predictions, bytes } = await fillDatabase(database.database.connection, {
  studies: Number(values.studies),
  slices: SLICES,
  modelId: database.model.id,
});
console.log(`The embedded PostgreSQL holds ${predictions} predictions (${values.studies} studies of ${SLICES} slices), ${(bytes / 2 ** 30).toFixed(1)} GiB.
`);
console.error(`filled in ${((performance.now() - began) / 1000).toFixed(0)} s`);
for (const [name, measure] of Object.entries(parts)) if (!values.only || values.only === name) await measure();
await database.close();
process.exit();
