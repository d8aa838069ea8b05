import type { FastifyRequest } from 'fastify';

const REQUEST_TIMEOUT_MS = 10_000;
/** How long a refused caller has to read its answer before its connection is destroyed. */
const REFUSAL_ARRIVES_MS = 1000;

/**
 * Hook `onRequest`: ends a connection on which a request takes longer than REQUEST_TIMEOUT_MS to arrive. The time that its
 * answer takes does not count.
 */
export async function limitArrival({ headers, method, raw, routeOptions }: FastifyRequest): Promise<void> {
  const type = headers['content-type'] ?? '';
  const isStow = method === 'POST' && routeOptions.url?.startsWith('/dicom-web/') && /^multipart\/related/i.test(type);
  const isUpload = method === 'POST' && routeOptions.url === '/graphql' && /^multipart\/form-data/i.test(type);
  if (isStow || isUpload || raw.complete) return; // STOW-RS and uploads have limits of their own
  const timer = setTimeout(() => raw.destroy(), REQUEST_TIMEOUT_MS).unref();
  const stop = () => clearTimeout(timer);
  raw.once('end', stop).once('close', stop);
}

/**
 * Hook `onResponse`: ends a request whose body was not read, as after a refusal. It would keep its connection busy for
 * ever, and the server from closing.
 */
export async function endUnread({ raw }: FastifyRequest): Promise<void> {
  if (raw.complete) return;
  raw.resume(); // a caller reads no answer before it has sent its body
  // Fastify's socket is gone if the caller left first, so the request itself is destroyed.
  setTimeout(() => raw.complete || raw.destroy(), REFUSAL_ARRIVES_MS).unref();
}
