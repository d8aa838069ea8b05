import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/config/config.js';
import { type Running, start } from '../../src/main.js';
import { createLog } from '../../src/output/log.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { patience } from './patience.js';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

// biome-ignore lint/suspicious/noExplicitAny: answers to the tests' own queries
export type Answer = any;
export type Ask = (query: string, variables?: object) => Promise<{ data: Answer; errors?: Answer[] }>;

/** A new DATA_DIR, removed by `remove`. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'mrimaster-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }) };
}

export type Program = Running & { ask: Ask; dataDir: string };

/** The whole program in this process, on a free port; `env` as its user would set it. */
export async function startProgram(env: Record<string, string>): Promise<Program> {
  const config = readConfig({ PORT: '0', DICOM_PORT: '0', INFERENCE_DEVICE: 'cpu', ...env }, REPOSITORY);
  const running = await start(config, createLog(process.env.TEST_LOG ?? 'silent'));
  return { ...running, ask: client(running.server.url), dataDir: config.dataDir };
}

export function client(url: string): Ask {
  return async (query, variables = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as { data: Answer; errors?: Answer[] };
  };
}

/** The sample study's files in `folder`/sample, in order. */
export async function sampleFiles(folder: string): Promise<{ studyInstanceUid: string; paths: string[] }> {
  const sample = join(folder, 'sample');
  const { studyInstanceUid } = await writeSampleStudy(sample);
  const names = (await readdir(sample)).sort();
  return { studyInstanceUid, paths: names.map((name) => join(sample, name)) };
}

/** `url`: of the server; empty for what is none. */
export type Spawned = { child: ChildProcess; url: string; log(): string };

/** `mrimaster serve`, or other arguments, in a process of its own: it can be measured and killed. Waits until its log is `ready`. */
export async function spawnProgram(
  env: Record<string, string>,
  { args = ['serve'], ready = /No archive|Archive / } = {},
): Promise<Spawned> {
  const child = spawn(join(REPOSITORY, 'bin/mrimaster.js'), args, {
    cwd: tmpdir(), // without a file .env
    env: userEnvironment({ PORT: '0', ...env }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  await until(
    async () => log,
    (text) => ready.test(text) || child.exitCode !== null,
  );
  if (child.exitCode !== null) throw new Error(`It did not start: ${log}`);
  return { child, url: /(http:\S+)\/graphql/.exec(log)?.[1] ?? '', log: () => log };
}

export type Ended = { code: number | null; stdout: string; stderr: string };

/** `mrimaster ...` as its user runs it. */
export function runCli(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(REPOSITORY, 'dist/cli.js'), ...args], {
      cwd: REPOSITORY,
      env: userEnvironment(env),
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** As a user's shell has it: the test runner's own NODE_ENV would change how libraries behave. */
export function userEnvironment(env: Record<string, string>): NodeJS.ProcessEnv {
  const { NODE_ENV, VITEST, ORT_DISABLE_TELEMETRY, ...rest } = process.env;
  // Empty, so that neither this shell nor a file .env leads a test to a real database or archive.
  return {
    ...rest,
    DATABASE_URL: '',
    PACS_URL: '',
    PACS_FILE: '',
    RULES_FILE: '',
    DICOM_PORT: '0',
    INFERENCE_DEVICE: 'cpu',
    ...env,
  };
}

/**
 * Whether a study's last job is done and the study says so itself. A query reads the study's row before its jobs, in
 * statements of their own: a job that ends in between is over beside a status of before.
 */
export function isClassified(study: Answer): boolean {
  const over = !['RECEIVING', 'QUEUED', 'CLASSIFYING'].includes(study?.status);
  return over && study?.jobs.at(-1)?.status === 'SUCCEEDED';
}

/** Polls until `done` is true of the answer. @throws after `limitMs`, or longer on a busy machine. */
export async function until<T>(get: () => Promise<T>, done: (value: T) => boolean, limitMs = 60_000): Promise<T> {
  for (const started = Date.now(); ; ) {
    const value = await get();
    if (done(value)) return value;
    const waited = Date.now() - started;
    if (waited > patience(limitMs)) throw new Error(`Still not so after ${waited} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
