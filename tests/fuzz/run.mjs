// `npm run fuzz -- --minutes N [--seed S]`: damaged inputs for everything that reads bytes from outside. Each must give
// a result or a MrimasterError; what gives anything else is kept in fuzz-findings/. The cases of a seed are always the
// same; how many of them there is time for is not. With `--doors` they go to the doors of the running program: doors.mjs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MrimasterError } from '../../dist/errors/errors.js';
import { fuzzDoors } from './doors.mjs';
import { mutate } from './mutate.mjs';
import { createRandom } from './random.mjs';
import { openTargets } from './targets.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    doors: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error('--minutes must be a number above 0.');
if (values.doors) process.exit((await fuzzDoors({ minutes, seed: values.seed })) ? 0 : 1);
const FINDINGS = 'fuzz-findings';
const CHECK_EVERY = 200;

const targets = await openTargets();
const records = new Map(
  targets.map(({ name }) => [name, { runs: 0, outcomes: new Map(), slowest: { milliseconds: 0, at: 0 } }]),
);
let crashes = 0;
process.on('uncaughtException', (error) => keep('process', 0, Buffer.alloc(0), error));

const end = Date.now() + minutes * 60_000;
for (let at = 1; Date.now() < end; at++) {
  for (const target of targets) await runOne(target, at);
}
for (const { close } of targets) await close?.();
summarise();
process.exit(crashes > 0 ? 1 : 0);

async function runOne(target, at) {
  const random = createRandom(`${values.seed} ${target.name} ${at}`);
  const bytes = mutate(random.of(target.seeds), random.of(target.seeds), random);
  const record = records.get(target.name);
  const began = performance.now();
  const outcome = await outcomeOf(() => target.run(bytes, random), target.name, at, bytes);
  const milliseconds = performance.now() - began;
  record.runs++;
  record.outcomes.set(outcome, (record.outcomes.get(outcome) ?? 0) + 1);
  if (milliseconds > record.slowest.milliseconds) record.slowest = { milliseconds, at };
  if (at % CHECK_EVERY === 0) await target.check?.().catch((error) => keep(target.name, at, bytes, error));
}

async function outcomeOf(run, name, at, bytes) {
  try {
    await run();
    return 'result';
  } catch (error) {
    if (error instanceof MrimasterError) return error.code;
    keep(name, at, bytes, error);
    return 'CRASH';
  }
}

function keep(name, at, bytes, error) {
  crashes++;
  mkdirSync(FINDINGS, { recursive: true });
  const file = `${FINDINGS}/${name}-seed${values.seed}-case${at}`;
  writeFileSync(file, bytes);
  console.log(`CRASH of ${name}, case ${at}, kept as ${file}: ${error?.stack ?? error}`);
}

function summarise() {
  console.log(`Fuzzed for ${minutes} min with seed ${values.seed}, Node ${process.version}: ${crashes} crashes.\n`);
  for (const [name, { runs, outcomes, slowest }] of records) {
    const counts = [...outcomes].sort((a, b) => b[1] - a[1]).map(([outcome, count]) => `${outcome} ${count}`);
    console.log(
      `${name}: ${runs} runs. ${counts.join(', ')}. Slowest ${slowest.milliseconds.toFixed(0)} ms (case ${slowest.at}).`,
    );
  }
  console.log(`\nPeak memory: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB.`);
}
