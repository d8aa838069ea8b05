// Every layer of every architecture by every method, beside PyTorch's autograd in float64. Needs python3 with torch,
// torchvision and onnx. Prints a line for each model and writes docs/explanations-accuracy.md.
//   npm run bench -- explanations [brain-mri ...]    only these anew; what is written of the others stays
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bestSlice, compareMaps } from './compareMaps.mjs';
import { median } from './setup/quantiles.mjs';

const SIZE = 128;
const ARCHITECTURES = [
  'vgg16',
  'resnet18',
  'resnet50',
  'mobilenet_v2',
  'mobilenet_v3_small',
  'mobilenet_v3_large',
  'efficientnet_b0',
  'densenet121',
  'squeezenet1_1',
  'shufflenet_v2_x1_0',
  'googlenet',
  'inception_v3',
  'regnet_y_400mf',
  'convnext_tiny',
  'mnasnet1_0',
];
const VARIANTS = ['smooth:13', 'raw:13', 'fused:11', 'fused:16'];
const SLICES = 4;
const BAR = 1e-4;
const METHODS = {
  GRAD_CAM: 'Grad-CAM',
  HIRES_CAM: 'HiResCAM',
  LAYER_CAM: 'LayerCAM',
  GRAD_CAM_PLUS_PLUS: 'Grad-CAM++',
};
const python = process.env.PYTHON ?? '/usr/bin/python3';
const script = fileURLToPath(new URL('../tests/inference/reference/exportArchitectures.py', import.meta.url));

const document = fileURLToPath(new URL('../docs/explanations-accuracy.md', import.meta.url));
const only = process.argv.slice(2);
const all = [
  `brain-mri:shipped:13:160:${SLICES}`,
  ...ARCHITECTURES.flatMap((name) => VARIANTS.map((variant) => `${name}:${variant}:${SIZE}:${SLICES}`)),
];
const specifications = only.length > 0 ? all.filter((one) => only.includes(one.split(':')[0])) : all;
const summary = [];
const details = [];
for (const specification of specifications) {
  const folder = await mkdtemp(join(tmpdir(), 'mrimaster-explanations-'));
  const printed = execFileSync(python, ['-B', '-W', 'ignore', script, folder, specification], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  const exported = JSON.parse(printed.split('\n').find((line) => line.startsWith('{')));
  const { architecture, variant, opset, layers } = exported;
  const { maps, unsupported, unexplainable } = await compareMaps(folder, exported);
  await rm(folder, { recursive: true });
  if (unsupported.length > 0 || unexplainable.length > 0) throw new Error(`${specification} has layers without maps`);
  const [ours, theirs] = [bestSlice(maps), bestSlice(maps, 'gaps')];
  const [errors, gaps] = [maps.flatMap((map) => map.errors), maps.flatMap((map) => map.gaps)];
  const within = (values) => `${((100 * values.filter((value) => value <= BAR).length) / values.length).toFixed(1)} %`;
  const cells = [architecture, `${variant}, ${opset}`, layers.length];
  for (const [values, best] of [
    [errors, ours],
    [gaps, theirs],
  ])
    cells.push(brief(median(values)), brief(Math.max(...values)), brief(best.largest), within(values));
  summary.push(`| ${cells.join(' | ')} |`);
  console.log(summary.at(-1));
  if (['smooth', 'shipped'].includes(variant)) details.push(detail(architecture, variant, layers, maps));
}
await writeFile(document, only.length > 0 ? renewed(await readFile(document, 'utf8')) : report());

/** The document with these models' rows and sections in the place of their old ones. */
function renewed(text) {
  const [table, ...sections] = text.split(/^(?=### )/m);
  const rows = table.split('\n');
  for (const name of only) {
    const fresh = (line, mark) => line.startsWith(`${mark} ${name}`);
    const first = rows.findIndex((row) => fresh(row, '|'));
    const count = rows.filter((row) => fresh(row, '|')).length;
    rows.splice(first, count, ...summary.filter((row) => fresh(row, '|')));
    const at = sections.findIndex((section) => fresh(section, '###'));
    sections[at] = details.find((section) => fresh(section, '###')).trimEnd() + (sections[at].match(/\n+$/)?.[0] ?? '');
  }
  return [rows.join('\n'), ...sections].join('');
}

function detail(architecture, variant, layers, maps) {
  const lines = layers.map(({ name, rows, columns }) => {
    const worst = Object.keys(METHODS).map((method) =>
      Math.max(...maps.filter((map) => map.layer === name && map.method === method).flatMap(({ errors }) => errors)),
    );
    return `| ${name} | ${rows} × ${columns} | ${worst.map(brief).join(' | ')} |`;
  });
  return [
    `### ${architecture}, ${variant}\n`,
    `| layer | size | ${Object.values(METHODS).join(' | ')} |`,
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

function report() {
  return `# Accuracy of explanations

Printed by \`npm run bench -- explanations\`: the maps that ONNX Runtime computes in float32 beside those of PyTorch's
autograd in float64, for every convolutional layer, every method, two labels and a contrast of two, in ${SLICES} slices of
${SIZE} × ${SIZE}. Weights are random, batch normalisation has the statistics of random images. An error is relative to the
largest value of the map before its negative part is cut off; where the map's terms cancel to less than a hundredth of
what they come to without their signs, to that hundredth.

- **smooth**: every piecewise linear activation replaced by a smooth one, every maximum by a mean. Nothing can jump, so
  this shows whether the gradient is right: errors beyond ${brief(BAR)} would be mistakes.
- **raw** and **fused**: the model as it is, with batch normalisation kept or folded at export. Where the input of a ReLU,
  or the distance of two inputs of a maximum, is smaller than rounding, the gradient is one or the other by chance, and
  all maps before it with it, in PyTorch's own float32 just as here. "best slice" is the largest error in the slice that
  this happens to least.
- **shipped**: the model in this repository, slices with a black border.

The right half is PyTorch's own float32 against its float64.

| model | variant, opset | layers | median | largest | best slice | ≤ ${brief(BAR)} | PyTorch median | largest | best slice | ≤ ${brief(BAR)} |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${summary.join('\n')}

## Layer by layer

The largest error of all slices, labels and the contrast.

${details.join('\n')}`;
}

function brief(value) {
  return value === 0
    ? '0'
    : value
        .toExponential(1)
        .replace('e-', '·10⁻')
        .replace(/\d$/, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[digit]);
}
