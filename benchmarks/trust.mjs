// How far the maps of a model may be trusted, measured on the test slices with tumour outlines that it classifies
// rightly. Prints a report in Markdown.
//   node benchmarks/trust.mjs --data ../shared/data/slices [--model NAME@VERSION] [--slices 60]
// Pointing: share of slices whose map, upsampled, is highest inside the outline. IoU: of the hottest pixels, as many as
// the outline has, with the outline. Deletion and insertion (Petsiuk et al., BMVC 2018): mean probability of the label
// while the hottest pixels are blurred away, or brought back into a blurred slice, in 16 equal steps. Randomisation
// (Adebayo et al., NeurIPS 2018): rank correlation of a map with that of the same model whose weights were shuffled,
// from the logits down: a map that hardly changes does not show what the model learned.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readPicture } from '../dist/images/readPicture.js';
import { decide } from '../dist/inference/decide.js';
import { appendExplanations, SEED } from '../dist/inference/gradcam/explainer.js';
import { GRAPH, MODEL, readGraph, TENSOR } from '../dist/inference/gradcam/graph/graph.js';
import { readFields } from '../dist/inference/gradcam/graph/protobuf.js';
import { methods } from '../dist/inference/gradcam/maps.js';
import { chooseModel, readModels } from '../dist/inference/manifest.js';
import { preprocess } from '../dist/inference/preprocess.js';

const STEPS = 16;
const BLUR = 12; // pixels of the model's input, the radius of a box that is passed over twice
const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/slices' },
    model: { type: 'string' },
    slices: { type: 'string', default: '60' },
  },
});

const models = await readModels(fileURLToPath(new URL('../models', import.meta.url)));
const model = chooseModel(models, options.model);
const { input: spec, geometry, labels, name, version } = model.manifest;
const size = spec.rows * spec.columns;
const bytes = await readFile(model.file);
const sessionOptions = { intraOpNumThreads: 1, logSeverityLevel: 4 };
const plain = await InferenceSession.create(bytes, sessionOptions);
const explaining = await openExplaining(bytes);
const layers = explaining.layers.map((layer) => layer.name);

const slices = await rightSlices();
report('# Which maps to trust', '');
report(
  `${name} ${version}; ${slices.length} test slices with an outline that it classifies rightly (${counts(slices)}). Printed by \`node benchmarks/trust.mjs\`.`,
  'Research use only – not for diagnostic use.',
  '',
);
const chosen = slices.toSorted((a, b) => a.order.localeCompare(b.order)).slice(0, Number(options.slices));

await reportPointing();
await reportDeletion();
await reportRandomisation();

async function reportPointing() {
  const sums = new Map();
  const perLabel = new Map();
  for (const slice of slices) {
    for (const { layer, method, map } of await explain(explaining, slice)) {
      const upsampled = upsample(map);
      const inside = slice.mask[indexOfMax(upsampled)];
      add(sums, `${method} ${layer}`, [inside, overlap(upsampled, slice.mask)]);
      if (layer === layers.at(-1)) add(perLabel, `${method} ${slice.label}`, [inside, 0]);
    }
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  report('## Pointing game / IoU with the outline, all slices', '');
  table(
    ['layer', ...methods],
    layers.map((layer) => [layer, ...methods.map((m) => pair(mean(sums, `${m} ${layer}`)))]),
  );
  report(`Pointing by label, last layer (${layers.at(-1)}):`, '');
  const present = labels.filter((label) => slices.some((slice) => slice.label === label));
  table(
    ['label', ...methods],
    present.map((label) => [label, ...methods.map((m) => mean(perLabel, `${m} ${label}`)[0].toFixed(2))]),
  );
}

async function reportDeletion() {
  const sums = new Map();
  for (const slice of chosen) {
    const blurred = blur(slice.input);
    for (const { layer, method, map } of await explain(explaining, slice)) {
      add(sums, `${method} ${layer}`, await deletionInsertion(slice, blurred, orderOf(upsample(map))));
    }
    add(sums, 'random', await deletionInsertion(slice, blurred, randomOrder(slice.order)));
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  report(`## Deletion (lower is better) / insertion (higher is better), ${chosen.length} slices`, '');
  table(
    ['layer', ...methods],
    layers.map((layer) => [layer, ...methods.map((m) => pair(mean(sums, `${m} ${layer}`)))]),
  );
  report(`Pixels in random order: ${pair(mean(sums, 'random'))}.`, '');
}

async function reportRandomisation() {
  const stages = [
    ['the last layer', 1],
    ['the last five layers', 5],
    ['all weights', Number.POSITIVE_INFINITY],
  ];
  const originals = new Map();
  for (const slice of chosen)
    for (const { layer, method, map } of await explain(explaining, slice))
      originals.set(`${slice.file} ${method} ${layer}`, map.values);
  report(`## Rank correlation with the maps of a model whose weights were shuffled, ${chosen.length} slices`, '');
  for (const [title, depth] of stages) {
    const shuffled = await openExplaining(shuffleWeights(depth));
    const sums = new Map();
    for (const slice of chosen)
      for (const { layer, method, map } of await explain(shuffled, slice)) {
        const rho = rankCorrelation(originals.get(`${slice.file} ${method} ${layer}`), map.values);
        if (Number.isFinite(rho)) add(sums, `${method} ${layer}`, [rho]);
      }
    const cell = (key) => (sums.has(key) ? mean(sums, key)[0].toFixed(2) : 'empty maps');
    report(`Shuffled: ${title}.`, '');
    table(
      ['layer', ...methods],
      layers.map((layer) => [layer, ...methods.map((method) => cell(`${method} ${layer}`))]),
    );
    process.stderr.write('.');
  }
  process.stderr.write('\n');
}

async function rightSlices() {
  const [header, ...lines] = (await readFile(join(options.data, 'manifest.csv'), 'utf8')).trim().split('\n');
  const columns = header.split(',');
  const rows = lines.map((line) => Object.fromEntries(line.split(',').map((value, i) => [columns[i], value])));
  const right = [];
  for (const row of rows.filter(({ split, mask, label_trust }) => split === 'test' && mask && label_trust !== 'low')) {
    const image = readPicture(await readFile(join(options.data, row.file)));
    const { input, frame } = preprocess(image, spec, geometry);
    const label = row.label;
    const probabilities = await classify([input]);
    if (indexOfMax(probabilities[0]) !== labels.indexOf(label)) continue;
    const outline = readPicture(await readFile(join(options.data, row.mask)));
    const mask = onInput(outline, frame);
    if (!mask.includes(1)) continue;
    right.push({ file: row.file, label, input, mask, order: createHash('sha256').update(row.file).digest('hex') });
  }
  return right;
}

/** The outline on the grid of the model's input, by the nearest pixel. */
function onInput(outline, frame) {
  return Uint8Array.from({ length: size }, (_, index) => {
    const y = Math.floor(frame.top + ((Math.floor(index / spec.columns) + 0.5) * frame.height) / spec.rows);
    const x = Math.floor(frame.left + (((index % spec.columns) + 0.5) * frame.width) / spec.columns);
    if (y < 0 || x < 0 || y >= outline.rows || x >= outline.columns) return 0;
    return outline.pixels[y * outline.columns + x] > 127 ? 1 : 0;
  });
}

async function classify(inputs) {
  const data = new Float32Array(inputs.length * inputs[0].length);
  for (const [index, one] of inputs.entries()) data.set(one, index * one.length);
  const shape = [inputs.length, spec.channels, spec.rows, spec.columns];
  const outputs = await plain.run({ [plain.inputNames[0]]: new Tensor('float32', data, shape) });
  const logits = outputs[plain.outputNames[0]].data;
  return inputs.map((_, index) => {
    const { probabilities } = decide(logits.slice(index * labels.length, (index + 1) * labels.length), model.manifest);
    return probabilities.map(({ probability }) => probability);
  });
}

async function openExplaining(graph) {
  const sizes = [spec.channels, spec.rows, spec.columns];
  const explainer = await appendExplanations(graph, { methods, sizes });
  return { ...explainer, session: await InferenceSession.create(explainer.model, sessionOptions) };
}

async function explain({ session, layers: explained }, { input, label }) {
  const seed = Float32Array.from(labels, (one) => Number(one === label));
  const outputs = await session.run({
    [session.inputNames[0]]: new Tensor('float32', input, [1, spec.channels, spec.rows, spec.columns]),
    [SEED]: new Tensor('float32', seed, [1, labels.length]),
  });
  return explained.flatMap(({ name: layer, rows, columns, outputs: byMethod }) =>
    methods.map((method) => ({ layer, method, map: { rows, columns, values: outputs[byMethod[method]].data } })),
  );
}

async function deletionInsertion({ input, label }, blurred, order) {
  const target = labels.indexOf(label);
  const batch = [];
  for (const [from, to] of [
    [input, blurred],
    [blurred, input],
  ]) {
    const changing = Float32Array.from(from);
    batch.push(Float32Array.from(changing));
    for (let step = 0; step < STEPS; step++) {
      for (const pixel of order.subarray((step * size) / STEPS, ((step + 1) * size) / STEPS))
        for (let channel = 0; channel < spec.channels; channel++)
          changing[channel * size + pixel] = to[channel * size + pixel];
      batch.push(Float32Array.from(changing));
    }
  }
  const curve = (await classify(batch)).map((probabilities) => probabilities[target]);
  const area = (points) => points.reduce((sum, value) => sum + value, 0) / points.length;
  return [area(curve.slice(0, STEPS + 1)), area(curve.slice(STEPS + 1))];
}

/** Shuffles the weights of the last `depth` weighted nodes before the logits, in the bytes of a copy. */
function shuffleWeights(depth) {
  const copy = Uint8Array.from(bytes);
  const { nodes, outputs } = readGraph(copy);
  const before = new Set([outputs[0]]);
  for (const node of nodes.toReversed())
    if (node.outputs.some((output) => before.has(output))) for (const input of node.inputs) before.add(input);
  const weighted = nodes.filter(
    (node) => ['Conv', 'Gemm', 'MatMul'].includes(node.opType) && node.outputs.some((output) => before.has(output)),
  );
  const names = new Set(weighted.slice(-Math.min(depth, weighted.length)).map(({ inputs }) => inputs[1]));
  const random = generator('weights');
  for (const { number, value } of readFields(copy)) {
    if (number !== MODEL.graph) continue;
    for (const field of readFields(value)) {
      if (field.number !== GRAPH.initializer) continue;
      const fields = [...readFields(field.value)];
      const tensor = new TextDecoder().decode(fields.find((one) => one.number === TENSOR.name).value);
      const raw = fields.find((one) => one.number === TENSOR.rawData)?.value;
      if (names.has(tensor) && raw) shuffleFloats(raw, random);
    }
  }
  return copy;
}

function shuffleFloats(raw, random) {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  for (let index = raw.length / 4 - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const kept = view.getFloat32(index * 4, true);
    view.setFloat32(index * 4, view.getFloat32(other * 4, true), true);
    view.setFloat32(other * 4, kept, true);
  }
}

/** Bilinear, to the size of the model's input. */
function upsample({ rows, columns, values }) {
  const place = (index, cells, length) => Math.min(Math.max(((index + 0.5) * cells) / length - 0.5, 0), cells - 1);
  return Float32Array.from({ length: size }, (_, index) => {
    const y = place(Math.floor(index / spec.columns), rows, spec.rows);
    const x = place(index % spec.columns, columns, spec.columns);
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const [bottom, right] = [Math.min(top + 1, rows - 1), Math.min(left + 1, columns - 1)];
    const upper = values[top * columns + left] * (1 - x + left) + values[top * columns + right] * (x - left);
    const lower = values[bottom * columns + left] * (1 - x + left) + values[bottom * columns + right] * (x - left);
    return upper * (1 - y + top) + lower * (y - top);
  });
}

function overlap(map, mask) {
  const area = mask.reduce((sum, value) => sum + value, 0);
  const shared = orderOf(map)
    .subarray(0, area)
    .reduce((sum, pixel) => sum + mask[pixel], 0);
  return shared / (2 * area - shared);
}

/** Pixels from the hottest to the coldest. */
function orderOf(map) {
  return Uint32Array.from(map.keys()).sort((a, b) => map[b] - map[a] || a - b);
}

function randomOrder(name) {
  const random = generator(name);
  const keys = Float64Array.from({ length: size }, random);
  return Uint32Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b]);
}

/** Every channel passed over twice by a box, rows and columns: nearly a Gaussian. */
function blur(input) {
  const blurred = Float32Array.from(input);
  for (let round = 0; round < 2; round++)
    for (const [stride, length, lines, lineStride] of [
      [1, spec.columns, spec.rows, spec.columns],
      [spec.columns, spec.rows, spec.columns, 1],
    ])
      for (let channel = 0; channel < spec.channels; channel++)
        for (let line = 0; line < lines; line++) {
          const start = channel * size + line * lineStride;
          const before = Float32Array.from({ length }, (_, index) => blurred[start + index * stride]);
          for (let index = 0; index < length; index++) {
            let [sum, count] = [0, 0];
            for (let k = Math.max(0, index - BLUR); k <= Math.min(length - 1, index + BLUR); k++, count++)
              sum += before[k];
            blurred[start + index * stride] = sum / count;
          }
        }
  return blurred;
}

/** Spearman's. NaN where a map is constant. */
function rankCorrelation(one, other) {
  const [a, b] = [ranks(one), ranks(other)];
  const middle = (a.length - 1) / 2;
  let [products, squaresA, squaresB] = [0, 0, 0];
  for (let index = 0; index < a.length; index++) {
    products += (a[index] - middle) * (b[index] - middle);
    squaresA += (a[index] - middle) ** 2;
    squaresB += (b[index] - middle) ** 2;
  }
  return products / Math.sqrt(squaresA * squaresB);
}

/** Equal values share their mean rank. */
function ranks(values) {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const result = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let index = start; index < end; index++) result[order[index]] = (start + end - 1) / 2;
    start = end;
  }
  return result;
}

/** Numbers from 0 to 1, the same ones for the same name. */
function generator(name) {
  let counter = 0;
  return () => createHash('sha256').update(`${name} ${counter++}`).digest().readUInt32LE() / 2 ** 32;
}

function indexOfMax(values) {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index;
  return best;
}

function add(sums, key, numbers) {
  const [count, ...totals] = sums.get(key) ?? [0, ...numbers.map(() => 0)];
  sums.set(key, [count + 1, ...totals.map((total, index) => total + numbers[index])]);
}

function mean(sums, key) {
  const [count, ...totals] = sums.get(key);
  return totals.map((total) => total / count);
}

function counts(list) {
  return labels
    .map((label) => [label, list.filter((slice) => slice.label === label).length])
    .filter(([, count]) => count > 0)
    .map(([label, count]) => `${count} ${label}`)
    .join(', ');
}

function pair([one, other]) {
  return `${one.toFixed(2)} / ${other.toFixed(2)}`;
}

function table(header, rows) {
  report(`| ${header.join(' | ')} |`, `|${header.map(() => '---').join('|')}|`);
  report(...rows.map((row) => `| ${row.join(' | ')} |`), '');
}

function report(...lines) {
  console.log(lines.join('\n'));
}
