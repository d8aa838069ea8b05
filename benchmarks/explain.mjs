// What explaining costs, as ratios of CPU time measured in turns within one run, on one thread; and against PyTorch
// doing the same on the same machine, where it is installed. Prints Markdown; docs/explanations-speed.md is its output.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { appendExplanations, SEED } from '../dist/inference/gradcam/explainer.js';
import { methods } from '../dist/inference/gradcam/maps.js';
import { chooseModel, readModels } from '../dist/inference/manifest.js';
import { median } from './setup/quantiles.mjs';

const ROUNDS = 15;
const RUNS = 3;
const ONE_THREAD = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
const TARGETS = { last: '≤ 1.1', all: { resnet18: '≤ 2.5', mobilenet_v2: '≤ 5' }, faster: '≥ 1.3', bytes: '≤ 100' };
const python = process.env.PYTHON ?? '/usr/bin/python3';
const hasTorch = spawnSync(python, ['-c', 'import torch, torchvision, onnx']).status === 0;

const folder = await mkdtemp(join(tmpdir(), 'mrimaster-bench-'));
const torch = hasTorch ? await startTorch(['resnet18', 'mobilenet_v2']) : undefined;
const shipped = chooseModel(await readModels(fileURLToPath(new URL('../models', import.meta.url)))).file;
const subjects = [
  ...(torch
    ? ['resnet18', 'mobilenet_v2'].map((name) => ({ name, file: join(folder, `${name}.onnx`), size: 224 }))
    : []),
  { name: 'brain-mri', file: shipped, size: 160 },
];

console.log(`# Speed of explanations

Printed by \`npm run bench -- explain\`: ${cpus().length} cores, Node ${process.version}, one thread, one slice at a time. CPU time, the median of ${ROUNDS} rounds of ${RUNS} runs each, all rows of a model in turns. "All" is every convolutional layer in one run that also gives the logits. PyTorch computes the same maps in one backward pass, its weights frozen.
`);
for (const subject of subjects) await measure(subject);
torch?.end();
await rm(folder, { recursive: true });

async function measure({ name, file, size }) {
  const plain = await readFile(file);
  const all = await appendExplanations(plain, { methods: ['GRAD_CAM'] });
  const last = await appendExplanations(plain, { methods: ['GRAD_CAM'], layers: [all.layers.at(-1).name] });
  const four = await appendExplanations(plain, { methods });
  const data = Float32Array.from({ length: 3 * size * size }, (_, i) => Math.sin(i * i));
  const feeds = { input: new Tensor('float32', data, [1, 3, size, size]) };
  const seed = { [SEED]: new Tensor('float32', Float32Array.of(1, 0, 0, 0), [1, 4]) };
  const rows = [
    await ourRow('forward', plain, feeds),
    await ourRow('last', last.model, { ...feeds, ...seed }),
    await ourRow('all', all.model, { ...feeds, ...seed }),
    await ourRow('four', four.model, { ...feeds, ...seed }),
    ...(torch && name in TARGETS.all ? ['forward', 'last', 'all', 'unfused'].map((work) => torchRow(name, work)) : []),
  ];
  for (let round = -1; round < ROUNDS; round++)
    for (const row of rows) {
      const milliseconds = await row.measure();
      if (round >= 0) row.times.push(milliseconds); // the first round warms up
    }
  const timeOf = (label) => median(rows.find((row) => row.label === label)?.times ?? [Number.NaN]);
  const forward = timeOf('forward');
  const kilobytes = (explainer) => ((explainer.model.length - plain.length) / 1000).toFixed(0);
  const line = (text, label, target = '') =>
    console.log(
      `| ${text} | ${timeOf(label).toFixed(1)} | ${(timeOf(label) / forward).toFixed(2)} | ${judged(timeOf(label) / forward, target)} |`,
    );
  console.log(`## ${name}, ${size} × ${size}, ${all.layers.length} convolutional layers\n`);
  console.log('| | CPU ms | × forward | target |\n| --- | --- | --- | --- |');
  line('forward', 'forward');
  line('Grad-CAM, last layer', 'last', TARGETS.last);
  line('Grad-CAM, all layers', 'all', TARGETS.all[name]);
  line('all four methods, all layers', 'four');
  if (rows.length > 4) {
    line('PyTorch, forward', 'PyTorch forward');
    line('PyTorch, Grad-CAM, last layer', 'PyTorch last');
    line('PyTorch, Grad-CAM, all layers', 'PyTorch all');
    line('PyTorch, Grad-CAM, all layers, batch normalisation not fused', 'PyTorch unfused');
    const faster = (label) => timeOf(`PyTorch ${label}`) / timeOf('all');
    const times = (label) => `${faster(label).toFixed(2)} × (${judged(faster(label), TARGETS.faster)})`;
    console.log(
      `\nFaster than PyTorch, all layers: ${times('unfused')} as torchvision builds the model, ${times('all')} with batch normalisation fused by hand.`,
    );
  }
  console.log(
    `\nAppended to the model: ${kilobytes(last)} KB for the last layer, ${kilobytes(all)} KB for all layers (target ${TARGETS.bytes}), ${kilobytes(four)} KB for all layers by four methods.\n`,
  );
  for (const row of rows) await row.session?.release();
}

/** "≤ 1.1: met" */
function judged(value, target = '') {
  const [, sign, limit] = /^([≤≥]) ([\d.]+)$/.exec(target) ?? [];
  if (!sign) return '';
  return `${target}: ${(sign === '≤' ? value <= Number(limit) : value >= Number(limit)) ? 'met' : 'missed'}`;
}

async function ourRow(label, model, feeds) {
  const session = await InferenceSession.create(model, ONE_THREAD);
  const measure = async () => {
    const start = process.cpuUsage();
    for (let run = 0; run < RUNS; run++) await session.run(feeds);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000 / RUNS;
  };
  return { label, session, measure, times: [] };
}

function torchRow(name, work) {
  return { label: `PyTorch ${work}`, measure: () => torch.ask(`${name} ${work} ${RUNS}`), times: [] };
}

async function startTorch(names) {
  const script = fileURLToPath(new URL('./explainInPyTorch.py', import.meta.url));
  const child = spawn(python, ['-B', '-W', 'ignore', script, folder, ...names], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('PyTorch ended early.');
    return value;
  };
  while ((await next()) !== 'ready');
  return {
    ask: async (request) => {
      child.stdin.write(`${request}\n`);
      return Number(await next());
    },
    end: () => child.stdin.end(),
  };
}
