// How the sources are kept: files outside of any room, circles of imports, long functions, exports without a docstring; and
// comments chosen at random, to be read. `npm run bench -- house [SEED] [FOLDER]`; FOLDER: another checkout, to compare with.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { circlesIn } from './setup/circlesIn.mjs';

const [seed = '22', root = fileURLToPath(new URL('../', import.meta.url))] = process.argv.slice(2);
const source = join(root, 'src');
const files = readdirSync(source, { recursive: true }).filter(
  (path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.startsWith('generated/'),
);
const texts = new Map(files.map((file) => [file, readFileSync(join(source, file), 'utf8')]));
const imports = new Map(files.map((file) => [file, importsOf(file)]));

const loose = (folder) => files.filter((file) => dirname(file) === folder).length;
const rooms = grouped((file) => file.split('/')[0]);
const folders = grouped((file) => (dirname(file) === '.' ? file : dirname(file)));
const readmes = [...new Set(files.map((file) => dirname(file)))].filter(
  (folder) => folder !== '.' && !existsSync(join(source, folder, 'README.md')),
);
const functions = files.flatMap(functionsOf).sort((a, b) => b.lines - a.lines);
const lengths = [...texts].map(([file, text]) => ({ file, lines: text.split('\n').length - 1 }));
const exported = files.flatMap(exportsOf);

print('files', files.length);
print('loose in src; in src/pacs', `${loose('.')}; ${loose('pacs')}`);
print('circles of files', circlesIn(imports).length);
print('circles of rooms (folders at the top)', sizes(circlesIn(rooms)));
print('circles of folders', sizes(circlesIn(folders)));
print('folders without README', readmes.length);
print('longest file', longest(lengths));
print('longest function', longest(functions.map(({ file, name, lines }) => ({ file: `${name} in ${file}`, lines }))));
print('functions over 50 lines', functions.filter(({ lines }) => lines > 50).length);
print('exported functions', exported.length);
print('of these without docstring', exported.filter(({ documented }) => !documented).length);
console.log(`\nTen comments, chosen with seed ${seed}:\n`);
for (const { file, comment, code } of chooseComments(10)) console.log(`${file}\n    ${comment}\n  → ${code}\n`);

function print(name, value) {
  console.log(`${name.padEnd(40)}${value}`);
}

function sizes(circles) {
  return `${circles.length}${circles.length > 0 ? `, of ${circles.map((circle) => circle.length).join(' and ')}` : ''}`;
}

function longest(all) {
  const { file, lines } = all.reduce((most, next) => (next.lines > most.lines ? next : most));
  return `${lines} lines, ${file}`;
}

function importsOf(file) {
  return [...texts.get(file).matchAll(/(?:from|import|import\()\s*'(\.[^']+)\.js'/g)]
    .map(([, path]) => `${normalize(join(dirname(file), path))}.ts`)
    .filter((path) => texts.has(path));
}

function grouped(keyOf) {
  const graph = new Map();
  for (const [file, others] of imports) {
    const known = graph.get(keyOf(file)) ?? new Set();
    for (const other of others) if (keyOf(other) !== keyOf(file)) known.add(keyOf(other));
    graph.set(keyOf(file), known);
  }
  return graph;
}

/** From the formatted text: a declaration ends at the first brace that stands as far left as it. */
function functionsOf(file) {
  const lines = texts.get(file).split('\n');
  return lines.flatMap((line, start) => {
    const [, indent, name] = /^( *)(?:export )?(?:async )?function\*? (\w+)/.exec(line) ?? [];
    if (name === undefined) return [];
    const length = lines.slice(start).indexOf(`${indent}}`) + 1;
    return [{ file, name, lines: length }];
  });
}

function exportsOf(file) {
  const lines = texts.get(file).split('\n');
  return lines.flatMap((line, at) => {
    const [, name] = /^export (?:async )?(?:function\*? |const (?=\w+ = (?:async )?\())(\w+)/.exec(line) ?? [];
    return name === undefined ? [] : [{ file, name, documented: /\*\/$/.test(lines[at - 1] ?? '') }];
  });
}

/** The same ones for the same seed and the same sources. */
function chooseComments(count) {
  const all = [...texts].flatMap(([file, text]) =>
    [...text.matchAll(/^( *)(\/\*\*.*?\*\/|\/\/ [^\n]*)\n( *)([^\n]*)/gms)].map(([, , comment, , code]) => ({
      file,
      comment: comment.replace(/\s*\n\s*(?:\*\/?)?\s*/g, ' ').trim(),
      code: code.trim(),
    })),
  );
  let state = Number(seed) >>> 0;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => all.splice(Math.floor(random() * all.length), 1)[0]);
}
