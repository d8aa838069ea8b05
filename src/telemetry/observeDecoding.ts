import type { DecodePool } from '../pacs/pixels/decodePool.js';
import type { Metrics } from './metrics.js';
import { timed } from './outcome.js';
import type { Tracing } from './tracing.js';

/** Wraps a pool of decoders: each frame is timed, and each failure counted by its code. */
export function observeDecoding(decoding: DecodePool, metrics: Metrics, tracing: Tracing): DecodePool {
  const observe = <T>(decode: () => Promise<T>) =>
    tracing.span('decode', {}, () =>
      timed(decode, (outcome, seconds) => {
        metrics.decodeSeconds.observe(seconds);
        if (outcome !== 'OK') metrics.decodeFailures.inc({ code: outcome });
      }),
    );
  return {
    ...decoding,
    readSlice: (source, frameNumber) => observe(() => decoding.readSlice(source, frameNumber)),
    readStoredFrame: (source, frameNumber) => observe(() => decoding.readStoredFrame(source, frameNumber)),
  };
}
