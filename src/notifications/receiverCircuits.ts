/** After so many failures in a row the receiver is taken for down: it is not the fault of one message. */
const FAILURES = 3;
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * One receiver's failures in a row, and until when nothing is sent to it, in milliseconds of a clock that nobody sets.
 */
type Circuit = { failures: number; closedUntil: number };

/**
 * Pauses for receivers that this process has found down, so that messages to them do not delay others. After each pause
 * one message tries the receiver.
 */
export type ReceiverCircuits = {
  /** Seconds until `url` is tried again; 0 where it may be tried now. */
  pause(url: string): number;
  worked(url: string): void;
  failed(url: string): void;
};

/** @param now milliseconds of a clock that nobody sets. */
export function createReceiverCircuits(now: () => number = () => performance.now()): ReceiverCircuits {
  const circuits = new Map<string, Circuit>();
  const pauseAfter = (failures: number) => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - FAILURES));
  return {
    pause: (url) => {
      const circuit = circuits.get(url);
      if (!circuit || circuit.failures < FAILURES) return 0;
      const left = circuit.closedUntil - now();
      if (left > 0) return Math.ceil(left / 1000);
      circuit.closedUntil = now() + FIRST_PAUSE_MS; // for the messages after the one that tries it now
      return 0;
    },
    worked: (url) => void circuits.delete(url),
    failed: (url) => {
      const failures = (circuits.get(url)?.failures ?? 0) + 1;
      circuits.set(url, { failures, closedUntil: now() + pauseAfter(failures) });
    },
  };
}
