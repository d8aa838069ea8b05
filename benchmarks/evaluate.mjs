// `npm run evaluate`: the shipped model on labelled slices, read, prepared, classified and judged by the server's own
// code, beside the figures that training wrote into the model's card. Exits with 1 where they differ by
// more than .002.
//   npm run evaluate -- [--data ../shared/data/slices] [--split test] [--model NAME@VERSION]
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import Table from 'cli-table3';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readPicture } from '../dist/images/readPicture.js';
import { openClassifier } from '../dist/inference/classifier.js';
import { chooseModel, readModels } from '../dist/inference/manifest.js';

const TOLERANCE = 0.002;
const BATCH = 16;
const BINS = 15;
const RUNS = 101;
const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/slices' },
    split: { type: 'string', default: 'test' },
    model: { type: 'string' },
  },
});

const models = await readModels(fileURLToPath(new URL('../models', import.meta.url)));
const model = chooseModel(models, options.model);
const classifier = await openClassifier(model, 'cpu');
const { name, version, labels, card } = classifier.manifest;
const rows = (await readRows()).filter(({ split, label_trust: trust }) => split === options.split && trust !== 'low');
if (rows.length === 0) fail(`${options.data}/manifest.csv has no slices of the split "${options.split}".`);
const judged = await judge();
await classifier.close();

const strict = judged.filter(({ nearBoundary }) => !nearBoundary);
const sets = { [options.split]: judged, [`${options.split}, strict part`]: strict };
let differs = false;
for (const [set, slices] of Object.entries(sets)) print(set, figures(slices));
console.log(`One slice on one core: ${(await timeOfOne()).toFixed(1)} ms, the median of ${RUNS} (target ≤ 25).`);
console.log('Research use only – not for diagnostic use.');
process.exit(differs ? 1 : 0);

/** The manifest's rows as objects; no field of it is quoted or holds a comma. */
async function readRows() {
  const text = await readFile(join(options.data, 'manifest.csv'), 'utf8').catch(() =>
    fail(`${options.data}/manifest.csv cannot be read. Name the folder of the labelled slices with --data.`),
  );
  const [head, ...lines] = text.trim().split(/\r?\n/);
  const keys = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, index) => [keys[index], value])));
}

async function judge() {
  const bar = new cliProgress.SingleBar({ format: '{bar} {value}/{total} slices', noTTYOutput: false });
  bar.start(rows.length, 0);
  const slices = [];
  for (let start = 0; start < rows.length; start += BATCH) {
    const batch = rows.slice(start, start + BATCH);
    const images = await Promise.all(
      batch.map(async ({ file }) => readPicture(await readFile(join(options.data, file)))),
    );
    for (const [index, verdict] of (await classifier.classify(images)).entries()) {
      const { label, near_boundary: near } = batch[index];
      slices.push({ ...verdict, truth: label.replace('notumor', 'no_tumor'), nearBoundary: near !== '0' });
    }
    bar.update(slices.length);
  }
  bar.stop();
  return slices;
}

/** ms of the graph alone for one slice, in one thread; twice where it is also looked at mirrored. */
async function timeOfOne() {
  const { input } = model.manifest;
  const session = await InferenceSession.create(model.file, { intraOpNumThreads: 1 });
  const dims = [model.manifest.mirrored ? 2 : 1, input.channels, input.rows, input.columns];
  const data = Float32Array.from({ length: dims.reduce((size, one) => size * one) }, (_, i) => Math.sin(i));
  const times = [];
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    await session.run({ [session.inputNames[0]]: new Tensor('float32', data, dims) });
    times.push(performance.now() - start);
  }
  await session.release();
  return times.sort((a, b) => a - b)[RUNS >> 1];
}

/** The same as training/figures.py. */
function figures(slices) {
  const right = slices.filter(({ label, truth }) => label === truth);
  const answered = slices.filter(({ status }) => status === 'CLASSIFIED');
  const f1 = labels.map((label) => {
    const hit = right.filter((one) => one.label === label).length;
    const called = slices.filter((one) => one.label === label).length;
    return (2 * hit) / (called + slices.filter(({ truth }) => truth === label).length || 1);
  });
  return {
    slices: slices.length,
    accuracy: right.length / slices.length,
    macroF1: f1.reduce((sum, value) => sum + value, 0) / labels.length,
    ...Object.fromEntries(labels.map((label, index) => [`F1 ${label}`, f1[index]])),
    ece: calibrationError(slices),
    wrongAbove95: slices.filter(({ label, truth, confidence }) => label !== truth && confidence > 0.95).length,
    answered: answered.length / slices.length,
    accuracyOfAnswered: answered.filter(({ label, truth }) => label === truth).length / answered.length,
    inferenceMs: slices.map(({ inferenceMs }) => inferenceMs).sort((a, b) => a - b)[slices.length >> 1],
  };
}

/** Guo et al. 2017 (arXiv:1706.04599). */
function calibrationError(slices) {
  const bins = new Map();
  for (const one of slices) {
    const bin = Math.min(Math.floor(one.confidence * BINS), BINS - 1);
    bins.set(bin, [...(bins.get(bin) ?? []), one]);
  }
  let error = 0;
  for (const members of bins.values()) {
    const confidence = members.reduce((sum, one) => sum + one.confidence, 0);
    error += Math.abs(confidence - members.filter(({ label, truth }) => label === truth).length) / slices.length;
  }
  return error;
}

function print(set, found) {
  const written = card.splits.find((one) => one.name === set);
  const table = new Table({
    head: [set, 'this server', 'card', 'difference'],
    colAligns: ['left', 'right', 'right', 'right'],
  });
  for (const [key, value] of Object.entries(found)) {
    const theirs = written && inCard(written, key);
    const difference = theirs === undefined || key === 'inferenceMs' ? undefined : value - theirs;
    if (difference !== undefined && Math.abs(difference) > tolerance(theirs, found)) differs = true;
    table.push([
      key,
      shown(value),
      theirs === undefined ? '' : shown(theirs),
      difference === undefined ? '' : shown(difference),
    ]);
  }
  console.log(`${name} ${version}\n${table.toString()}`);
  if (!written) console.log(`The card has no figures of "${set}".`);
}

/** 0.2 points, with the card's four digits; of counts, the same share of the slices. */
function tolerance(theirs, { slices }) {
  return Number.isInteger(theirs) ? TOLERANCE * slices : TOLERANCE + 1e-4;
}

function inCard(split, key) {
  const value = key.startsWith('F1 ') ? split.perLabel.find(({ label }) => label === key.slice(3))?.f1 : split[key];
  return value?.value ?? value ?? undefined;
}

function shown(value) {
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
