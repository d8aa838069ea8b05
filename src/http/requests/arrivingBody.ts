import type { FastifyRequest } from 'fastify';
import { BodyCutOff, BodyTooSlow } from '../../errors/errors.js';
import { createPace, SLOWEST, SLOWEST_OF_MANY } from '../../peers/pace.js';
import type { Holder } from '../../peers/places.js';

/** So much of a body has to be there for its request to go on at once. */
const READY_BYTES = 8 * 1024;

/**
 * The body of a request as it arrives, as the holder of a place (peers/places.ts). `bytes` throws BodyTooSlow for a body
 * that comes too slowly, and BodyCutOff for one whose sender has gone. If its reader stops in the middle, the connection
 * stays open, so that the caller can read the answer.
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
  // Node.js reads ahead. Of a body that trickles it has read little.
  const isReady = () => raw.complete || raw.readableLength >= READY_BYTES;
  return { bytes: read(), left: slowestOfMany.left, end, isReady };
}
