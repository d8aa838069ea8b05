import { PacsBadAnswer, PacsRefused, PacsUnreachable } from '../errors.js';

/**
 * Sends one GET request and waits for its answer's head. `signal` stops it with its reason; so does `idleMs` without a
 * sign of life, before the head or between two chunks of the body that {@link readBody} reads.
 * @throws PacsUnreachable, PacsRefused (401, 403) or PacsBadAnswer; answers 200, 204 and 404 are returned.
 */
export async function request(
  url: URL,
  headers: Record<string, string>,
  idleMs: number,
  signal?: AbortSignal,
): Promise<Answer> {
  const watch = createWatch(idleMs, signal);
  try {
    // A redirect could lead credentials and patient data to another host: it is told, not followed.
    const response = await fetch(url, { headers, signal: watch.signal, redirect: 'manual' });
    watch.sign();
    judge(response, url);
    return { response, watch };
  } catch (error) {
    watch.stop();
    throw asPacsError(error, url, idleMs);
  }
}

export type Answer = { response: Response; watch: Watch };
type Watch = ReturnType<typeof createWatch>;

/** The body of an answer as it arrives. @throws PacsUnreachable where the connection breaks or stalls. */
export async function* readBody({ response, watch }: Answer, url: URL, idleMs: number): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body ?? []) {
      watch.stop(); // a slow reader is no slow archive
      yield chunk;
      watch.sign();
    }
  } catch (error) {
    throw asPacsError(error, url, idleMs);
  } finally {
    watch.stop();
  }
}

/** Ends an answer whose body nobody reads. */
export async function discard({ response, watch }: Answer): Promise<void> {
  watch.stop();
  await response.body?.cancel();
}

/** `source`, as long as it gives no more than `maxBytes`. @throws PacsBadAnswer beyond. */
export async function* limitBytes(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new PacsBadAnswer(
        `The archive's answer is larger than the allowed ${maxBytes} bytes. Look at what it sends.`,
      );
    }
    yield chunk;
  }
}

/** Aborts when nothing has been heard for `idleMs`, or `outer` does. */
function createWatch(idleMs: number, outer?: AbortSignal) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const sign = () => {
    stop();
    timer = setTimeout(() => controller.abort(new DOMException('idle', 'TimeoutError')), idleMs);
  };
  sign();
  const signal = outer ? AbortSignal.any([controller.signal, outer]) : controller.signal;
  return { signal, sign, stop };
}

function judge({ status, headers }: Response, url: URL): void {
  if (status === 200 || status === 204 || status === 404) return;
  if (status === 401 || status === 403) {
    throw new PacsRefused(
      `The archive at ${url.origin} refuses this request (HTTP ${status}). Check its user, password and rights.`,
    );
  }
  if (status >= 500 || status === 429 || status === 408) {
    throw new PacsUnreachable(`The archive at ${url.origin} cannot answer now (HTTP ${status}). Try again later.`);
  }
  if (status >= 300 && status < 400) {
    const location = headers.get('location') ?? '';
    const host = URL.canParse(location, url.href) ? new URL(location, url).origin : 'nowhere';
    throw new PacsBadAnswer(`The archive at ${url.origin} redirects to ${host}. Set PACS_URL to the final address.`);
  }
  throw new PacsBadAnswer(
    `The archive at ${url.origin} answered HTTP ${status}. Check that PACS_URL is its DICOMweb root.`,
  );
}

function asPacsError(error: unknown, url: URL, idleMs: number): unknown {
  const { name, message, cause } = error as { name?: string; message?: string; cause?: { code?: string } };
  if (name === 'TimeoutError') {
    return new PacsUnreachable(
      `The archive at ${url.origin} was silent for ${idleMs} ms. Check that it runs, or raise the limit.`,
    );
  }
  // undici reports every failed connection as one of these TypeErrors and keeps the reason in `cause`.
  if (name === 'TypeError' && (message === 'fetch failed' || message === 'terminated')) {
    const code = /^[A-Z_]{3,40}$/.test(cause?.code ?? '') ? ` (${cause?.code})` : '';
    return message === 'terminated'
      ? new PacsUnreachable(
          `The archive at ${url.origin} broke the connection${code} in the middle of its answer. Try again.`,
          { cause: error },
        )
      : new PacsUnreachable(
          `The archive at ${url.origin} cannot be reached${code}. Check PACS_URL, the network and that it runs.`,
          { cause: error },
        );
  }
  return error;
}
