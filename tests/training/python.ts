import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { requirePart } from '../setup/requirements.js';

const python = '/usr/bin/python3';
const training = fileURLToPath(new URL('../../training', import.meta.url));

/** Whether Python has these modules; else the tests that need them are skipped, or fail where nothing may be skipped. */
export function hasPython(...modules: string[]): boolean {
  const present = spawnSync(python, ['-c', `import ${modules.join(', ')}`]).status === 0;
  const packages = modules.map((name) => `python3-${name}`).join(' ');
  return requirePart(`training (${modules.join(', ')})`, present, `${python} lacks them (Debian: ${packages}).`);
}

/** What `expression` is in training/, after `statements`, as JSON. */
export function evaluate(statements: string, expression: string) {
  const program = `import json, sys\nimport numpy as np\n${statements}\nsys.stderr.write(json.dumps(${expression}))`;
  const { status, stderr } = spawnSync(python, ['-W', 'ignore', '-c', program], { cwd: training, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stderr);
}
