/** So many failures in a row mean that a receiver is down, and no matter of one message. */
const FAILURES = 3;
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 300_000;

/** Of one receiver: how often in a row it failed, and until when it is left alone, by a clock that nobody sets. */
type Circuit = { failures: number; closedUntil: number };

/**
 * Which receivers are left alone for a while, as this process has found them down: a message to one of those takes no
 * place, and no time, of others. After each pause one message tries it out.
 */
export type ReceiverCircuits = {
  /** Seconds until `url` is tried again; 0 where it may be tried now. */
  pause(url: string): number;
  worked(url: string): void;
  failed(url: string): void;
};

export function createReceiverCircuits(now: () => number = () => performance.now()): ReceiverCircuits {
  const circuits = new Map<string, Circuit>();
  const pauseAfter = (failures: number) => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - FAILURES));
  return {
    pause: (url) => {
      const circuit = circuits.get(url);
      if (!circuit || circuit.failures < FAILURES) return 0;
      const left = circuit.closedUntil - now();
      if (left > 0) return Math.ceil(left / 1000);
      circuit.closedUntil = now() + FIRST_PAUSE_MS; // for those behind the one that tries it out now
      return 0;
    },
    worked: (url) => void circuits.delete(url),
    failed: (url) => {
      const failures = (circuits.get(url)?.failures ?? 0) + 1;
      circuits.set(url, { failures, closedUntil: now() + pauseAfter(failures) });
    },
  };
}
