import { InstanceMismatch, InvalidDicom, type MrimasterError, UnsupportedTransferSyntax } from '../../errors/errors.js';

/** What a sender is told about one object. `uids` is null where the object's header could not be read. */
export type StoredObject = { sopClassUid: string; sopInstanceUid: string; conflict: boolean };
export type FailedObject = { uids: { sopClassUid: string; sopInstanceUid: string } | null; error: MrimasterError };
export type StoreOutcome = { stored: StoredObject[]; failures: FailedObject[] };

/**
 * PS3.18 Table I.2-1, Warning Reason. "Coercion of Data Elements" is the one that says that what is served is not what
 * was sent: an object that contradicts an earlier one is kept beside it, and not used before somebody decides.
 */
const COERCED = 0xb000;

/** PS3.18 Table 10.5.3-1: 200 if all objects were stored, 202 if some failed or came with a warning, 409 if none was. */
export function statusOf({ stored, failures }: StoreOutcome): number {
  if (stored.length === 0) return 409;
  return failures.length === 0 && stored.every(({ conflict }) => !conflict) ? 200 : 202;
}

/**
 * Writes the Store Instances Response Module (PS3.18 I.2). Retrieve URL (0008,1190) is of type 2: it is empty, at both
 * levels, because nothing can be retrieved here by WADO-RS.
 */
export function writeStoreResponse({ stored, failures }: StoreOutcome): Record<string, unknown> {
  const known = failures.filter(({ uids }) => uids !== null);
  const unknown = failures.filter(({ uids }) => uids === null);
  return {
    '00081190': { vr: 'UR' },
    ...sequence('00081198', known.map(writeFailure)), // Failed SOP Sequence
    ...sequence('00081199', stored.map(writeStored)), // Referenced SOP Sequence
    ...sequence('0008119A', unknown.map(writeFailure)), // Other Failures Sequence
  };
}

function writeStored({ sopClassUid, sopInstanceUid, conflict }: StoredObject): Record<string, unknown> {
  return {
    ...writeUids({ sopClassUid, sopInstanceUid }),
    '00081190': { vr: 'UR' },
    ...(conflict && { '00081196': { vr: 'US', Value: [COERCED] } }),
  };
}

function writeFailure({ uids, error }: FailedObject): Record<string, unknown> {
  return { ...(uids && writeUids(uids)), '00081197': { vr: 'US', Value: [failureReason(error)] } };
}

function writeUids({ sopClassUid, sopInstanceUid }: NonNullable<FailedObject['uids']>): Record<string, unknown> {
  return {
    '00081150': { vr: 'UI', Value: [sopClassUid] },
    '00081155': { vr: 'UI', Value: [sopInstanceUid] },
  };
}

function sequence(tag: string, items: readonly Record<string, unknown>[]): Record<string, unknown> {
  return items.length > 0 ? { [tag]: { vr: 'SQ', Value: items } } : {};
}

/**
 * PS3.18 Table I.2-2, Failure Reason: A700 out of resources (send it again later), A900 another object than was
 * announced, C122 a transfer syntax that is not taken, C000 cannot understand, 0110 processing failure.
 */
function failureReason(error: MrimasterError): number {
  if (error.retryable) return 0xa700;
  if (error instanceof InstanceMismatch) return 0xa900;
  if (error instanceof UnsupportedTransferSyntax) return 0xc122;
  return error instanceof InvalidDicom ? 0xc000 : 0x0110;
}
