import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';
import { circlesIn } from '../benchmarks/setup/circlesIn.mjs';
import { REPOSITORY } from './setup/program.js';

const SOURCE = join(REPOSITORY, 'src');
/** Rooms of tests without one in src: what several rooms' tests share, and what is tested beside the program. */
const OF_TESTS_ALONE = ['benchmarks', 'chaos', 'fixtures', 'fuzz', 'setup', 'training'];

const files = sourcesIn(SOURCE);
const imports = new Map(files.map((file) => [file, importsOf(file)]));
const floors = readFloors();

it('each file lies in a room that has a floor', () => {
  const unknown = [...new Set(files.map(roomOf))].filter((room) => !floors.has(room));
  say(
    unknown.map((room) => `src/${room} has no floor: add it to a row of src/README.md, and a README.md to the folder.`),
  );
  const empty = [...floors.keys()].filter((room) => !files.some((file) => roomOf(file) === room));
  say(empty.map((room) => `src/README.md gives ${room} a floor, but it has no file: take it out of its row.`));
});

it('a file imports only from its own room and from lower floors', () => {
  say([...imports].flatMap(([file, others]) => others.filter((other) => isUpward(file, other)).map(faultOf(file))));
});

it('no files and no folders import each other in a circle', () => {
  // Imports that go up are told of above. With them there would be circles of the same cause, which tell nothing more.
  const downward = new Map(
    [...imports].map(([file, others]) => [file, others.filter((other) => !isUpward(file, other))] as const),
  );
  say(circlesIn(downward).map(sayCircle));
  const folders = new Map<string, string[]>();
  for (const [file, others] of downward) {
    const folder = folderOf(file);
    folders.set(folder, (folders.get(folder) ?? []).concat(others.map(folderOf)));
  }
  const others = [...folders].map(([folder, known]) => [folder, known.filter((other) => other !== folder)] as const);
  say(circlesIn(new Map(others)).map(sayCircle));
});

it('at most ten files lie loose in src and in src/pacs', () => {
  for (const folder of ['.', 'pacs'])
    expect(files.filter((file) => dirname(file) === folder).length).toBeLessThanOrEqual(10);
});

it('each folder says in one paragraph what may live there', () => {
  for (const folder of new Set(files.map((file) => dirname(file)))) {
    const readme = join(SOURCE, folder, 'README.md');
    expect(existsSync(readme), `src/${folder} has no README.md: add one that says what may live there.`).toBe(true);
    const text = readFileSync(readme, 'utf8')
      .trim()
      .replace(/^# .*\n\n/, '');
    if (folder !== '.') expect(text.split('\n\n'), folder).toHaveLength(1);
  }
});

it('what a README names as a file of its folder is there', () => {
  const missing = [...new Set(files.map((file) => dirname(file)))].flatMap((folder) => {
    const readme = join(SOURCE, folder, 'README.md');
    if (!existsSync(readme)) return []; // told of above
    const text = readFileSync(readme, 'utf8');
    const named = [...text.matchAll(/`([\w./]+\.(?:ts|md|py))`/g)].map(([, name = '']) => name);
    const places = (name: string) => [join(SOURCE, folder, name), join(SOURCE, name), join(REPOSITORY, name)];
    return named.filter((name) => !places(name).some(existsSync)).map((name) => `${folder}/README.md names ${name}`);
  });
  say(missing);
});

it('only one room knows each of the large libraries', () => {
  const owners: Record<string, string[]> = {
    'pg-boss': ['queue'],
    'onnxruntime-node': ['inference'],
    dcmjs: ['pacs'],
    'type-graphql': ['graphql', 'resolvers', 'schema'],
    '@prisma/adapter-pg': ['database'],
    'graphql-ws': ['http'],
    commander: ['cli.ts'],
  };
  for (const [library, rooms] of Object.entries(owners)) {
    const users = files.filter((file) =>
      new RegExp(`from '${library}['/]`).test(readFileSync(join(SOURCE, file), 'utf8')),
    );
    expect(
      users.filter((file) => !rooms.includes(roomOf(file))),
      library,
    ).toEqual([]);
  }
});

it('only the queue names the schema of pg-boss, and one file the keys of advisory locks', () => {
  const holding = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(join(SOURCE, file), 'utf8')));
  expect(holding(/pgboss/).filter((file) => roomOf(file) !== 'queue')).toEqual([]);
  expect(holding(/72_?707_?3\d\d/)).toEqual(['process/advisoryLocks.ts']);
});

it('only the settings read the environment', () => {
  const READERS: Record<string, string> = {
    'config/config.ts': 'all settings',
    'cli/doctor.ts': 'hands it to what examines the settings',
    'database/embeddedPostgres.ts': 'PATH, by which PostgreSQL finds its programs',
    'inference/classifier.ts': 'sets what ONNX Runtime reads when it is loaded',
  };
  const readers = files.filter((file) => /\bprocess\.env\b/.test(readFileSync(join(SOURCE, file), 'utf8')));
  expect(readers.toSorted()).toEqual(Object.keys(READERS).toSorted());
});

it('tests lie where what they test lies', () => {
  const tests = (readdirSync(join(REPOSITORY, 'tests'), { recursive: true }) as string[]).filter((path) =>
    path.endsWith('.test.ts'),
  );
  const astray = tests.filter((path) => {
    const folder = dirname(path);
    return folder !== '.' && !OF_TESTS_ALONE.includes(folder.split('/')[0] ?? '') && !existsSync(join(SOURCE, folder));
  });
  expect(astray).toEqual([]);
  expect(tests.filter((path) => dirname(path) === '.').length).toBeLessThanOrEqual(10);
});

/** Paths below src, "pacs/dimse/client.ts"; without what is generated. */
function sourcesIn(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.startsWith('generated/'),
  );
}

/** The files of src that a file imports, by static or dynamic import, or starts as a thread. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), 'utf8');
  return [...text.matchAll(/(?:from|import|import\(|new URL\()\s*'(\.[^']+)\.js'/g)]
    .map(([, path = '']) => `${normalize(join(dirname(file), path))}.ts`)
    .filter((path) => files.includes(path));
}

/** The table of src/README.md: each room's floor, counted from the bottom. */
function readFloors(): Map<string, number> {
  const table = readFileSync(join(SOURCE, 'README.md'), 'utf8').matchAll(/^\| (\d+) \| ([^|]+) \|/gm);
  return new Map(
    [...table].flatMap(([, floor, rooms = '']) =>
      [...rooms.matchAll(/`([^`]+)`/g)].map(([, room = '']) => [room, Number(floor)] as const),
    ),
  );
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function floorOf(file: string): number {
  return floors.get(roomOf(file)) ?? Number.NaN;
}

/** The folder of a file, or the file itself where it lies loose in src. */
function folderOf(file: string): string {
  return dirname(file) === '.' ? file : dirname(file);
}

function isUpward(file: string, other: string): boolean {
  return roomOf(other) !== roomOf(file) && floorOf(other) >= floorOf(file);
}

const faultOf = (file: string) => (other: string) => {
  const named = (path: string) => `${roomOf(path)} (floor ${floorOf(path)})`;
  return (
    `src/${file} imports src/${other}: ${named(file)} may not import ${named(other)}. ` +
    `Move what it needs to a floor below ${floorOf(file)}, or have a caller hand it in; see src/README.md.`
  );
};

function sayCircle(circle: readonly string[]): string {
  return `These import each other: ${circle.join(', ')}. Move what they share to a file of its own.`;
}

/** Fails with sentences that say what to do, where there are any. */
function say(faults: readonly string[]): void {
  expect(faults, faults.join('\n')).toEqual([]);
}
