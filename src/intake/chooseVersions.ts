import type { ConflictSide } from '../generated/prisma/client.js';
import { isOtherPatient, type StudyPatient } from '../pacs/header/patientIdentity.js';
import { groupBy } from '../statistics/groupBy.js';

/**
 * An object of a study that is kept on disk. `used`: of the objects with its SOPInstanceUID, it is the one that is
 * classified. `patient`: the one that it names; null where that is not known. `sentNow`: the archive sent it in answer
 * to the pull that resolves the conflict.
 */
export type Version = {
  sopInstanceUid: string;
  sha256: string;
  path: string;
  bytes: bigint;
  ownResult: boolean;
  used: boolean;
  patient: StudyPatient | null;
  sentNow: boolean;
};

/**
 * `adopt`: objects that are used from now on. `leave`: objects that are used no more, with whether another takes their
 * place. `replaced`: what was used before, by SOPInstanceUID. `patient`: the one that the objects in use name now; null
 * where that did not change.
 */
export type Chosen = {
  adopt: Version[];
  leave: { version: Version; replaced: boolean }[];
  replaced: Map<string, Version>;
  patient: StudyPatient | null;
};

/**
 * Chooses for each SOPInstanceUID the object to use, of those that name this patient. Where no object names the
 * patient, as where an archive has only given the patient another ID, all stays as it is.
 * @param versions the used ones first, then the others as they came.
 */
export function chooseVersions(versions: readonly Version[], patient: StudyPatient | null, keep: ConflictSide): Chosen {
  const chosen: Chosen = { adopt: [], leave: [], replaced: new Map(), patient: null };
  const images = versions.filter(({ ownResult }) => !ownResult);
  const fits = (version: Version) =>
    !patient || !version.patient || version.sentNow || !isOtherPatient(patient, version.patient);
  if (!images.some(fits)) return chosen;
  for (const group of groupBy(images, ({ sopInstanceUid }) => sopInstanceUid).values()) {
    const current = group.find(({ used }) => used);
    const best = bestOf(group.filter(fits), keep);
    if (best === current) continue;
    if (current) chosen.leave.push({ version: current, replaced: best !== undefined });
    if (!best) continue;
    chosen.adopt.push(best);
    if (current) chosen.replaced.set(best.sopInstanceUid, current);
  }
  chosen.patient = chosen.adopt.findLast((version) => version.patient)?.patient ?? null;
  return chosen;
}

function bestOf(fitting: readonly Version[], keep: ConflictSide): Version | undefined {
  const current = fitting.find(({ used }) => used);
  const last = fitting.findLast(({ used }) => !used);
  if (keep === 'FIRST_RECEIVED') return current;
  if (keep === 'LAST_RECEIVED') return last ?? current;
  return fitting.findLast(({ sentNow }) => sentNow) ?? current ?? last;
}
