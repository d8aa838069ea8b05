// `npm run bench -- answers`: what the study's rule says of a tumour by its size and the slices' spacing, and with the real
// series what the shipped model says of each, and how often "nothing found" would pass a tumour over.
//   npm run bench -- answers [--data ../shared/data] [--curves FILE.json]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDatabase } from '../dist/database/database.js';
import { largestPresence } from '../dist/inference/absence.js';
import { combine } from '../dist/inference/combine.js';
import { chooseModel, readModels } from '../dist/inference/manifest.js';
import { placesOf } from '../dist/inference/tissue.js';
import { measuredAreas } from './setup/measuredAreas.mjs';

const { values: options } = parseArgs({ options: { data: { type: 'string' }, curves: { type: 'string' } } });
const SPACINGS = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20];
const SIZES = [3, 5, 7, 9, 11, 15, 20, 30];
const CURVES = [5, 8, 11, 15, 20];
const SHIFTS = 100; // so that counts are per cent
const INSIDE = 0.95; // of any tumour, in slices through it, and elsewhere about what healthy heads have
const ELSEWHERE = 0.35;
const MODERATE_MM2 = 100; // as training/studies.py
const WINDOW = 10;

const models = await readModels(fileURLToPath(new URL('../models', import.meta.url)));
const { name, version, normalLabel, inSeries } = chooseModel(models).manifest;
const { study: surest, absent, clear } = inSeries.abstention;
const rule = { normalLabel, surest, absent, clear };

console.log(
  `A tumour that slices see with ${INSIDE}, between slices with ${ELSEWHERE}, by the rule of ${name} ${version}:`,
);
console.log(
  'wherever the slices may lie, per cent that find it + per cent that abstain; the rest says "nothing found".\n',
);
console.log(`| mm across | ${SPACINGS.map((spacing) => `${spacing} mm apart`).join(' | ')} |`);
console.log(`|--:|${SPACINGS.map(() => '--:|').join('')}`);
for (const size of SIZES) console.log(`| ${size} | ${SPACINGS.map((spacing) => cell(size, spacing)).join(' | ')} |`);
if (options.curves) {
  const spacings = Array.from({ length: 196 }, (_, step) => 0.5 + step / 10);
  const curves = CURVES.map((size) => ({ size, shares: spacings.map((spacing) => shares(size, spacing)) }));
  writeFileSync(options.curves, JSON.stringify({ spacings, curves }));
}
if (options.data) await readSeries(options.data);

function cell(size, spacing) {
  const { found, abstained } = shares(size, spacing);
  const parts = [found > 0 && `${Math.round(found * SHIFTS)}`, abstained > 0 && `+${Math.round(abstained * SHIFTS)}`];
  return parts.filter(Boolean).join(' ') || '0';
}

/** Wherever the slices lie: how often it is found, and how often the study abstains. */
function shares(size, spacing) {
  const findings = Array.from({ length: SHIFTS }, (_, shift) => {
    const slices = Array.from({ length: Math.ceil(160 / spacing) }, (_, position) => {
      const location = (position + (shift + 0.5) / SHIFTS) * spacing;
      return sliceWith(Math.abs(location - 80) < size / 2 ? INSIDE : ELSEWHERE, position, location);
    });
    return combine(slices, rule);
  });
  const abstained = findings.filter((one) => one.abstained).length / SHIFTS;
  return { found: findings.filter((one) => !one.abstained && one.label !== normalLabel).length / SHIFTS, abstained };
}

function sliceWith(presence, position, location) {
  const probabilities = [
    { label: 'glioma', probability: presence },
    { label: normalLabel, probability: 1 - presence },
  ];
  const best = probabilities[presence >= 0.5 ? 0 : 1];
  const place = { sliceId: String(position), seriesId: 'series', position, location };
  return {
    ...place,
    status: 'CLASSIFIED',
    label: best.label,
    confidence: best.probability,
    probabilities,
    abstentionReason: null,
  };
}

/** The real series, classified by `mrimaster import` in a database of their own. */
async function readSeries(data) {
  const folder = mkdtempSync(join(tmpdir(), 'answers-'));
  try {
    const sources = {
      'of cases that it has learned from': 'studies',
      'of cases that it has never seen': 'progression/studies',
    };
    for (const [what, source] of Object.entries(sources)) {
      const dataDir = join(folder, source.replace('/', '-'));
      const cli = fileURLToPath(new URL('../bin/mrimaster.js', import.meta.url));
      const ran = spawnSync(process.execPath, [cli, 'import', join(data, source)], {
        env: { ...process.env, DATA_DIR: dataDir },
        maxBuffer: 1 << 28,
      });
      if (ran.error) throw ran.error;
      const areas = measuredAreas(join(data, source));
      await tell(what, dataDir, areas);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tell(what, dataDir, areas) {
  const log = { info() {}, warn() {}, error() {}, debug() {} };
  const database = await openDatabase({ databaseUrl: undefined, dataDir }, 'tool', log);
  const studies = await database.prisma.study.findMany({
    where: { findings: { some: {} } },
    include: {
      findings: true,
      series: { where: { eligible: true }, include: { slices: { include: { predictions: true } } } },
    },
    orderBy: { studyInstanceUid: 'asc' },
  });
  await database.close();
  console.log(`\nT1 series ${what}, by \`mrimaster import\`:\n`);
  console.log(
    '| study | series | slices | mm apart | slices with tumour | largest presence over 10 mm | the study’s answer |',
  );
  console.log('|---|---|--:|--:|--:|--:|---|');
  const stretches = [];
  for (const [at, { findings, series }] of studies.entries())
    for (const { slices, description } of series) {
      const verdicts = slices.filter(({ eligible }) => eligible).map(asVerdict);
      const places = placesOf(verdicts);
      const presence = largestPresence([places], normalLabel);
      const area = (verdict) => areas.get(verdict.sopInstanceUid) ?? null;
      const measured = verdicts.some((one) => area(one) !== null);
      const tumour = verdicts.filter((one) => area(one) >= MODERATE_MM2).length;
      const spacing = places
        .map(({ tissue }) => tissue)
        .sort((a, b) => a - b)
        [places.length >> 1].toFixed(1);
      const [finding] = findings;
      const answer = finding.abstained ? `abstains: ${finding.abstentionReason}` : finding.label;
      console.log(
        `| ${at + 1} | ${description ?? '–'} | ${verdicts.length} | ${spacing} | ${measured ? tumour : '–'} | ${presence.toFixed(3)} | ${answer} |`,
      );
      stretches.push(...throughTumour(places, area));
    }
  if (stretches.length === 0) return;
  const missed = stretches.filter((presence) => presence < absent).length;
  const smallest = Math.min(...stretches).toFixed(3);
  const limit = (100 * (1 - 0.05 ** (1 / stretches.length))).toFixed(1);
  console.log(
    `\nStretches of ${WINDOW} mm or more whose every slice has ${MODERATE_MM2} mm² of tumour: ${stretches.length}. Below ${absent}, where "nothing found" could be said: ${missed}. The lowest has ${smallest}. Of stretches that were independent, at most ${limit} % would be below (95 %, one-sided).`,
  );
}

function asVerdict({ id, seriesId, position, sliceLocation, sopInstanceUid, predictions: [prediction] }) {
  return { ...prediction, sliceId: id, seriesId, position, location: sliceLocation, sopInstanceUid };
}

/** Of each shortest run of neighbouring places that cover WINDOW and show tumour throughout: the mean presence. */
function throughTumour(places, area) {
  const found = [];
  for (let start = 0; start < places.length; start++) {
    let end = start;
    let tissue = 0;
    while (end < places.length && tissue < WINDOW - 1e-6) tissue += places[end++].tissue;
    const run = places.slice(start, end);
    if (tissue < WINDOW - 1e-6 || !run.every(({ slices }) => slices.some((one) => area(one) >= MODERATE_MM2))) continue;
    found.push(largestPresence([run], normalLabel));
  }
  return found;
}
