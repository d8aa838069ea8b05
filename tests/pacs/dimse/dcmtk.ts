import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { freePort } from '../../setup/freePorts.js';
import { requirePart } from '../../setup/requirements.js';

const TOOLS = ['echoscu', 'storescu', 'storescp', 'findscu', 'movescu', 'dcmqrscp', 'dcmodify', 'dcmconv'];

export const hasDcmtk = requirePart(
  'DCMTK',
  TOOLS.every((tool) => spawnSync(tool, ['--version']).status === 0),
  'Install dcmtk.',
);

export type Run = { code: number | null; output: string };

/** A DCMTK tool to its end. */
export function run(tool: string, args: readonly string[], cwd?: string): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(tool, args, { cwd });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
      });
    child.on('close', (code) => resolve({ code, output }));
  });
}

export type Listening = { port: number; child: ChildProcess; output(): string; stop(): Promise<void> };

/** A DCMTK server on a free loopback port; `args` are given the port. */
export async function listen(tool: string, args: (port: number) => string[], cwd: string): Promise<Listening> {
  const port = await freePort();
  const child = spawn(tool, args(port), { cwd });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  for (let attempt = 0; !(await answers(port)); attempt++) {
    if (child.exitCode !== null || attempt > 200) throw new Error(`${tool} does not listen: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stop = () =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  return { port, child, output: () => output, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
