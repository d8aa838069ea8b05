import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/mrimaster.js', import.meta.url));

/** `mrimaster serve` in a process of its own. @returns it, its address, and the seconds to its first answered query. */
export async function startProgram(env) {
  const began = performance.now();
  const child = spawn(program, ['serve'], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const url = await new Promise((resolve, reject) => {
    let log = '';
    child.stderr.on('data', (chunk) => {
      log += chunk;
      const [found] = log.match(/http:\S+\/graphql/) ?? [];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(`It did not start: ${log}`)));
  });
  const body = JSON.stringify({ query: '{ studies { nodes { id } } server { version } }' });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { data } = await response.json();
  if (!data) throw new Error('the query was not answered');
  return { child, url, seconds: (performance.now() - began) / 1000 };
}
