import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requirePart } from '../setup/requirements.js';

const shared = process.env.MRIMASTER_SHARED ?? fileURLToPath(new URL('../../../shared/', import.meta.url));

/** The folder of real series, one folder a case, one folder in it a series. */
export const studies = join(shared, 'data', 'studies');

export const hasStudies = requirePart(
  'real studies',
  existsSync(join(studies, 'cases.csv')),
  'Set MRIMASTER_SHARED to the folder that holds data/studies.',
);

/** A file of the folder of inputs that went wrong; one row each of its README. */
export function caseFile(path: string): string {
  return join(shared, 'cases', path);
}

export const hasCases = requirePart(
  'inputs that went wrong',
  existsSync(caseFile('README.md')),
  'Set MRIMASTER_SHARED to the folder that holds cases.',
);

export function filesOf(caseName: string, series: string): string[] {
  const folder = join(studies, caseName, series);
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
}

/** Debian's Python, which sees Debian's pydicom. */
export const python = process.env.PYTHON ?? '/usr/bin/python3';

export const hasPydicom = requirePart(
  'pydicom and numpy',
  spawnSync(python, ['-c', 'import pydicom, numpy']).status === 0,
  'Install python3-pydicom and python3-numpy, or set PYTHON.',
);

/** Runs a script of tests/pacs/reference; its standard output, a JSON value a line. */
export function runReference<T>(script: string, args: string[], input = ''): T[] {
  const path = fileURLToPath(new URL(`./reference/${script}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, ['-B', path, ...args], {
    input,
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${script} failed:\n${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}
