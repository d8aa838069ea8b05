import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** serve.mjs in a process of its own; `ask(name, argument)` asks it what it knows of itself. */
export async function startServer(variant, env) {
  const child = fork(fileURLToPath(new URL('serve.mjs', import.meta.url)), [variant], { env, stdio: 'inherit' });
  children.add(child);
  const answer = async (name) => {
    for (;;) {
      const [[answered, value]] = await once(child, 'message', { signal: AbortSignal.timeout(60_000) });
      if (answered === name) return value;
    }
  };
  const url = await answer('ready');
  const ask = (name, argument) => {
    const answered = answer(name);
    child.send([name, argument]);
    return answered;
  };
  const stop = async () => {
    child.disconnect(); // at which it ends
    await once(child, 'exit');
    children.delete(child);
  };
  return { url, ask, stop };
}
