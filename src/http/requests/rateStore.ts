import { countRate } from './countRate.js';

type Told = (error: Error | null, result: { current: number; ttl: number }) => void;

/** Counts for @fastify/rate-limit, whose own counts go by a clock that may be set back. */
export class RateStore {
  readonly #count = countRate();

  incr(key: string, tell: Told): void {
    const { count, leftMs } = this.#count(key);
    tell(null, { current: count, ttl: leftMs });
  }

  /** Routes share the counts. */
  child(): this {
    return this;
  }
}
