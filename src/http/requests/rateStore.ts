import { countRate } from './countRate.js';

type CountCallback = (error: Error | null, result: { current: number; ttl: number }) => void;

/** Counts requests for @fastify/rate-limit, because its own store goes by a clock that may be set back. `ttl`: ms. */
export class RateStore {
  readonly #count = countRate();

  incr(key: string, callback: CountCallback): void {
    const { count, leftMs } = this.#count(key);
    callback(null, { current: count, ttl: leftMs });
  }

  /** All routes share one count. */
  child(): this {
    return this;
  }
}
