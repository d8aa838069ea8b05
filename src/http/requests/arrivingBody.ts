import type { FastifyRequest } from 'fastify';
import { BodyCutOff, BodyTooSlow } from '../../errors/errors.js';
import { createPace, SLOWEST, SLOWEST_OF_MANY } from '../../peers/pace.js';
import type { Holder } from '../../peers/places.js';

const READY_BYTES = 8 * 1024;

/**
 * The body of a request as it arrives, and who may lose its place for it (places.ts). One that comes too slowly is cut
 * off. A reader that stops in the middle leaves the connection as it is, so that its answer is read.
 */
export function arrivingBody({ raw }: FastifyRequest): Holder & { bytes: AsyncGenerator<Buffer> } {
  const [slowest, slowestOfMany] = [createPace(SLOWEST), createPace(SLOWEST_OF_MANY)];
  const end = () => raw.destroy(new BodyTooSlow('The request came too slowly. Look at the network, and send again.'));
  async function* read(): AsyncGenerator<Buffer> {
    const chunks = raw.iterator({ destroyOnReturn: false });
    try {
      for (;;) {
        for (const pace of [slowest, slowestOfMany]) pace.wait();
        const timer = setTimeout(end, Math.max(0, slowest.left()));
        const { done, value } = await chunks
          .next()
          .catch((error) => {
            if (error instanceof BodyTooSlow) throw error;
            throw new BodyCutOff('The request was cut off. Send it again.', { cause: error });
          })
          .finally(() => clearTimeout(timer));
        for (const pace of [slowest, slowestOfMany]) pace.came(value?.length ?? 0);
        if (done) return;
        yield value;
      }
    } finally {
      await chunks.return?.();
    }
  }
  // Node.js has read some of it already; of one that trickles that is little.
  const isReady = () => raw.complete || raw.readableLength >= READY_BYTES;
  return { bytes: read(), left: slowestOfMany.left, end, isReady };
}
