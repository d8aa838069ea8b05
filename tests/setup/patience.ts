import { availableParallelism, loadavg } from 'node:os';

/**
 * A limit in whole ms that a busy machine keeps, too: longer by as much as there are programs that run for each core. A limit finds
 * what hangs; how fast something is says the benchmark.
 */
export function patience(ms: number): number {
  const [lastMinute = 0] = loadavg();
  return Math.round(ms * Math.max(1, (2 * lastMinute) / availableParallelism()));
}
