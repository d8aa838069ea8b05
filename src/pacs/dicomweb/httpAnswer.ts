import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ConnectionOptions } from 'node:tls';
import { MrimasterError, PacsBadAnswer, PacsRefused, PacsUnreachable } from '../../errors/errors.js';
import { limitBytes } from '../../peers/limitBytes.js';

/**
 * Options of a request. `method`: GET by default. `tls`: authorities to trust, and our own certificate. `accepted`:
 * statuses that are returned rather than thrown; 200, 204 and 404 by default. `idleMs`: longest silence.
 */
export type HttpRequest = {
  headers: Record<string, string>;
  idleMs: number;
  method?: 'GET' | 'POST';
  body?: AsyncIterable<Uint8Array> | undefined;
  tls?: ConnectionOptions | undefined;
  accepted?: readonly number[];
  signal?: AbortSignal | undefined;
};

/** The head of an answer, and its body still unread. End it by readBody, readWhole or discard. */
export type HttpAnswer = {
  status: number;
  headers: IncomingMessage['headers'];
  message: IncomingMessage;
  watch: Watch;
};

/**
 * Sends one request over a connection of its own and waits for the head of the answer.
 * Redirects are reported and not followed, because they could lead credentials and patient data to another host.
 * `signal` stops the request with its reason. `idleMs` stops it after a silence: while the body is sent, before the
 * head, or between two chunks that {@link readBody} reads.
 * @throws PacsUnreachable, PacsRefused (401, 403) or PacsBadAnswer.
 */
export async function request(url: URL, options: HttpRequest): Promise<HttpAnswer> {
  const { idleMs, accepted = [200, 204, 404], signal } = options;
  const watch = createWatch(idleMs, signal);
  try {
    const message = await send(url, options, watch);
    watch.heard();
    const status = message.statusCode ?? 0;
    if (accepted.includes(status)) return { status, headers: message.headers, message, watch };
    message.destroy();
    throw refusalError(status, message.headers.location, url);
  } catch (error) {
    watch.stop();
    throw asPacsError(error, url, watch, idleMs, 'cannot be reached');
  }
}

function send(url: URL, { method = 'GET', headers, body, tls }: HttpRequest, watch: Watch): Promise<IncomingMessage> {
  const start = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const sent = start(url, { method, headers, agent: false, signal: watch.signal, ...tls }, resolve);
    sent.on('error', reject);
    if (!body) return sent.end();
    // If something ends the body early, an answer or a broken connection, the request itself reports it.
    pipeline(Readable.from(watchedBody(body, watch)), sent).catch(reject);
  });
}

async function* watchedBody(body: AsyncIterable<Uint8Array>, watch: Watch): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    watch.heard();
    yield chunk;
  }
}

/** The body of an answer as it arrives. @throws PacsUnreachable where the connection breaks or stalls. */
export async function* readBody({ message, watch }: HttpAnswer, url: URL, idleMs: number): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of message) {
      watch.stop(); // the time that the reader takes does not count as the archive's silence
      yield chunk;
      watch.heard();
    }
  } catch (error) {
    throw asPacsError(error, url, watch, idleMs, 'broke the connection in the middle of its answer');
  } finally {
    watch.stop();
    message.destroy();
  }
}

/** The whole body. @throws the errors of {@link readBody}, and PacsBadAnswer for more than `maxBytes`. */
export async function readWhole(answer: HttpAnswer, url: URL, idleMs: number, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of limitBytes(readBody(answer, url, idleMs), maxBytes, answerTooLarge)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The error for an answer of more than `maxBytes`. */
export function answerTooLarge(maxBytes: number): PacsBadAnswer {
  return new PacsBadAnswer(`The archive's answer is larger than the allowed ${maxBytes} bytes. Look at what it sends.`);
}

/** Ends an answer without reading its body. */
export function discard({ message, watch }: HttpAnswer): void {
  watch.stop();
  message.destroy();
}

type Watch = { signal: AbortSignal; heard(): void; stop(): void; timedOut(): boolean; outer: AbortSignal | undefined };

/** A watch that aborts when nothing is heard for `idleMs`, or when `outer` aborts. */
function createWatch(idleMs: number, outer?: AbortSignal): Watch {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const heard = () => {
    stop();
    timer = setTimeout(() => controller.abort(), idleMs);
  };
  heard();
  const signal = outer ? AbortSignal.any([controller.signal, outer]) : controller.signal;
  return { signal, heard, stop, timedOut: () => controller.signal.aborted, outer };
}

function refusalError(status: number, location: string | undefined, url: URL): Error {
  if (status === 401 || status === 403) {
    return new PacsRefused(
      `The archive at ${url.origin} refuses this request (HTTP ${status}). Check its user, password and rights.`,
    );
  }
  if (status >= 500 || status === 429 || status === 408) {
    return new PacsUnreachable(`The archive at ${url.origin} cannot answer now (HTTP ${status}). Try again later.`);
  }
  if (status >= 300 && status < 400) {
    const host = location !== undefined && URL.canParse(location, url.href) ? new URL(location, url).origin : 'nowhere';
    return new PacsBadAnswer(`The archive at ${url.origin} redirects to ${host}. Set its address to the final one.`);
  }
  return new PacsBadAnswer(
    `The archive at ${url.origin} answered HTTP ${status}. Check that its address is its DICOMweb root.`,
  );
}

/** Turns an error of the connection into one of ours. Any other error is returned as it is. */
function asPacsError(error: unknown, url: URL, watch: Watch, idleMs: number, what: string): unknown {
  if (watch.outer?.aborted) return watch.outer.reason;
  const at = `The archive at ${url.origin}`;
  if (watch.timedOut())
    return new PacsUnreachable(`${at} was silent for ${idleMs} ms. Check that it runs, or raise the limit.`);
  if (error instanceof MrimasterError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || !/^[A-Z0-9_]{3,60}$/.test(code)) return error;
  if (code.startsWith('HPE_'))
    return new PacsBadAnswer(`${at} does not speak HTTP (${code}). Check host and port.`, { cause: error });
  return new PacsUnreachable(
    `${at} ${what} (${code}). Check its address, its certificate, the network and that it runs.`,
    {
      cause: error,
    },
  );
}
