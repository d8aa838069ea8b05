import { createServer } from 'node:net';
import type { Config } from '../config/config.js';
import { clusterOf } from '../database/embeddedPostgres.js';
import { serverOf } from '../database/serverProcess.js';
import { type CheckOutcome, failed, ok } from './checkResult.js';

const TIMEOUT_MS = 3_000;

/** @returns the error's code where we cannot listen at this address; undefined where it is free. */
export function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'EUNKNOWN'));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

/** Examines whether the HTTP port is free, or held by the running server. */
export async function examineHttpPort(config: Config): Promise<CheckOutcome> {
  const { host, port } = config;
  if (port === 0) return ok('PORT=0: any free port is taken at start.');
  const code = await tryToListen(host, port);
  if (!code) return ok(`${host}:${port} is free.`);
  if (code === 'EACCES')
    return failed(
      'HTTP_PORT_FORBIDDEN',
      `This account may not listen on port ${port}.`,
      'Set PORT to 1024 or more, or run MRIMaster with an account that may.',
    );
  if (code !== 'EADDRINUSE')
    return failed(
      'HTTP_HOST_NOT_OURS',
      `Nobody can listen at ${host}:${port} (${code}).`,
      'Set HOST to 127.0.0.1, or PORT to another number.',
    );
  const isOurs = await isMrimaster(host, port);
  if (isOurs && (await mayServeThis(config))) return ok(`${host}:${port} is held by a running MRIMaster.`);
  return failed(
    'HTTP_PORT_TAKEN',
    `${host}:${port} is taken by another ${isOurs ? `MRIMaster, one that does not use ${config.dataDir}` : 'program'}.`,
    `Stop that program (ss -ltnp 'sport = :${port}' names it), or set PORT to another number.`,
  );
}

/**
 * Whether a MRIMaster that runs on this machine may be the one of this configuration: one with an embedded database of
 * its own is not. Which of the servers of a shared database it is cannot be told.
 */
export async function mayServeThis({ dataDir, databaseUrl }: Config): Promise<boolean> {
  return databaseUrl !== undefined || (await serverOf(clusterOf(dataDir))) !== undefined;
}

/** Whether our server listens there. Only our responses have the header that this looks for. */
export async function isMrimaster(host: string, port: number): Promise<boolean> {
  const name = host.includes(':') ? `[${host}]` : host;
  const request = { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
  const answer = await fetch(`http://${name}:${port}/`, request).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.headers.has('x-intended-use') ?? false;
}
