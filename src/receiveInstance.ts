import type { Context } from './context.js';
import { InstanceConflict, InvalidDicom } from './errors.js';
import type { Instance } from './pacs/parse.js';
import { receiveBytes } from './pacs/receive.js';
import { recordInstance } from './recordInstance.js';
import { timed } from './telemetry/outcome.js';
import type { Transfer } from './transfers.js';

/** `announced`: what the sender said that it would send; `pacs`: the archive that it is, if we know it by a name. */
export type Arrival = {
  door: 'C-STORE' | 'STOW-RS' | 'pull';
  bytes: AsyncIterable<Uint8Array>;
  pacs: string | null;
  /** What it comes with; null where we asked for it, so that it sets nothing off. */
  transfer: Transfer | null;
  announced?: { sopClassUid?: string; sopInstanceUid?: string; studyInstanceUid?: string };
};

/** `conflict`: another object with its UID was recorded first, and is the one that is used. */
export type Kept = { instance: Instance; conflict: boolean };

/**
 * Keeps an object that somebody sends: when this returns, its bytes are on the disk and its row in the database, so it may
 * be acknowledged. The same bytes again change nothing; other bytes with its UID are kept beside it and flagged.
 * @throws InvalidDicom, StorageFull, and the database's errors: the sender has to keep it, and may try again.
 */
export function receiveInstance(context: Context, arrival: Arrival): Promise<Kept> {
  const { door } = arrival;
  return timed(
    () => keep(context, arrival),
    (outcome) => context.metrics.received.inc({ door, outcome }),
    ({ conflict }) => (conflict ? 'INSTANCE_CONFLICT' : 'OK'),
  );
}

async function keep(context: Context, { door, bytes, pacs, transfer, announced = {} }: Arrival): Promise<Kept> {
  const received = await receiveBytes(bytes, context.receivedDir, {
    check: (instance) => compare(instance, announced),
  });
  try {
    await recordInstance(context, received, pacs, transfer !== null);
  } catch (error) {
    if (!(error instanceof InstanceConflict)) throw error;
    context.log.warn({ code: error.code, door }, 'An object came again with other bytes; both are kept.');
    return { instance: received.instance, conflict: true };
  }
  return { instance: received.instance, conflict: false };
}

function compare(instance: Instance, announced: NonNullable<Arrival['announced']>): void {
  for (const key of ['sopClassUid', 'sopInstanceUid', 'studyInstanceUid'] as const) {
    if (announced[key] === undefined || announced[key] === instance[key]) continue;
    throw new InvalidDicom('The object is another one than its sender announced. Look at the sending system.');
  }
}
