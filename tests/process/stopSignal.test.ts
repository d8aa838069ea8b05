import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../setup/program.js';

it('ends at once when it is asked twice, by that very signal and not by taking down its threads', async () => {
  const script = `import { awaitStopSignal } from '${join(REPOSITORY, 'dist/process/stopSignal.js')}';
    setInterval(() => {}, 1000); // work that takes no end
    awaitStopSignal().received.then(() => console.log('asked'));
    console.log('waits');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
});
