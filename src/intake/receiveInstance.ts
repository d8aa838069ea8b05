import type { Context } from '../context.js';
import { InstanceConflict, InstanceMismatch, PacsWrongStudy } from '../errors/errors.js';
import type { Instance } from '../pacs/header/parse.js';
import { receiveBytes } from '../pacs/receive.js';
import type { Transfer } from '../pacs/transfers.js';
import { timed } from '../telemetry/outcome.js';
import { recordInstance } from './recordInstance.js';

/**
 * `announced`: UIDs that the sender announced, or that we asked for. `pacs`: the sender's name as an archive, where it
 * is one of ours. `sender`: its name for people.
 */
export type Arrival = {
  door: 'C-STORE' | 'STOW-RS' | 'pull';
  bytes: AsyncIterable<Uint8Array>;
  pacs: string | null;
  sender: string | null;
  /** The transfer that it is part of; null where we asked for the object, which then starts nothing by itself. */
  transfer: Transfer | null;
  /**
   * The archive says that we asked for it. Then its study is here, because a pull records it before the first byte
   * comes.
   */
  asked?: boolean;
  /** StudyInstanceUID of the study that we asked for. */
  of?: string;
  announced?: { sopClassUid?: string; sopInstanceUid?: string; studyInstanceUid?: string };
  /** Called when the header has been read, so that a refusal can name the object. */
  onHeader?(instance: Instance): void;
};

/** `conflict`: the object is kept and not used, because it contradicts what was recorded first. */
export type Kept = { instance: Instance; conflict: boolean };

/**
 * Keeps an object that somebody sends. When this returns, its bytes are on the disk and its row is in the database, so
 * it may be acknowledged. The same bytes again change nothing. An object that contradicts what came before is kept
 * beside it and flagged.
 * @throws InvalidDicom, InstanceMismatch, StorageFull, and the database's errors. The sender has to keep the object, and may try again.
 */
export function receiveInstance(context: Context, arrival: Arrival): Promise<Kept> {
  const { door } = arrival;
  return timed(
    () => keep(context, arrival),
    (outcome) => context.metrics.received.inc({ door, outcome }),
    ({ conflict }) => (conflict ? 'INSTANCE_CONFLICT' : 'OK'),
  );
}

async function keep(context: Context, arrival: Arrival): Promise<Kept> {
  const { bytes, pacs, sender, transfer, asked = false, of, announced = {} } = arrival;
  const received = await receiveBytes(bytes, context.receivedDir, {
    durableFolders: context.caches.durableFolders,
    check: async (instance) => {
      arrival.onHeader?.(instance);
      compare(instance, announced);
      if (of !== undefined && of !== instance.studyInstanceUid) throw wrongStudy();
      if (asked) await requireAsked(context, instance);
    },
  });
  transfer?.carries(received.instance.studyInstanceUid);
  try {
    await recordInstance(context, received, { pacs, sender, arriving: transfer !== null });
  } catch (error) {
    if (!(error instanceof InstanceConflict)) throw error;
    return { instance: received.instance, conflict: true };
  }
  return { instance: received.instance, conflict: false };
}

/**
 * Checks that an object is of a study that we asked for. Where nothing is being pulled, another program has asked under
 * our AE title (`mrimaster doctor --move`).
 * @throws PacsWrongStudy for an object of a study that is not here while others are being pulled: an archive that
 *   answers C-MOVE with another study adds none to ours.
 */
async function requireAsked({ prisma }: Context, { studyInstanceUid }: Instance): Promise<void> {
  if ((await prisma.study.count({ where: { studyInstanceUid } })) > 0) return;
  const pulled = { completenessState: 'INCOMPLETE' as const, jobs: { some: { status: 'RUNNING' as const } } };
  if ((await prisma.study.count({ where: pulled })) > 0) throw wrongStudy();
}

function wrongStudy(): PacsWrongStudy {
  return new PacsWrongStudy('The archive sent an object of a study that it was not asked for. Look at its log.');
}

function compare(instance: Instance, announced: NonNullable<Arrival['announced']>): void {
  for (const key of ['sopClassUid', 'sopInstanceUid', 'studyInstanceUid'] as const) {
    if (announced[key] === undefined || announced[key] === instance[key]) continue;
    throw new InstanceMismatch(
      'The object is another one than was announced or asked for. Look at the sending system.',
    );
  }
}
