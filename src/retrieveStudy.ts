import type { Context } from './context.js';
import { InstanceConflict, InvalidDicom, PacsNotConfigured, StudyNotFound } from './errors.js';
import { receiveBytes } from './pacs/receive.js';
import { recordInstance } from './recordInstance.js';

/** The one archive that is configured, PACS_URL. */
export const THE_ARCHIVE = 'default';

/**
 * Pulls a study from the archive (QIDO-RS, then WADO-RS). What is missing is recorded before the first byte comes, so
 * a pull that breaks off is known to be incomplete. An instance that cannot be kept stops no other one.
 * @param onProgress 0–1, by instances where the archive tells their number.
 * @param signal when aborted, stops with its reason.
 * @throws PacsNotConfigured, StudyNotFound, or whatever the archive's client throws.
 */
export async function retrieveStudy(
  context: Context,
  studyInstanceUid: string,
  onProgress: (fraction: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { log, pacs, prisma, receivedDir } = context;
  if (!pacs) throw new PacsNotConfigured('No archive is configured. Set PACS_URL to its DICOMweb address.');
  const [found] = await pacs.searchForStudies({ studyInstanceUid });
  if (!found) throw new StudyNotFound(`The archive has no study ${studyInstanceUid}.`);
  const expected = found.numberOfInstances;
  const begun = {
    pacs: THE_ARCHIVE,
    expectedInstances: expected,
    completenessState: 'INCOMPLETE' as const,
    evidence: 'It is being pulled from the archive, or the pull broke off.',
  };
  await prisma.study.upsert({
    where: { studyInstanceUid },
    create: { studyInstanceUid, modalities: [], ...begun },
    update: begun,
  });
  let [received, refused, differing] = [0, 0, 0];
  for await (const part of pacs.retrieveStudy(studyInstanceUid, signal)) {
    try {
      await recordInstance(context, await receiveBytes(part, receivedDir), THE_ARCHIVE);
    } catch (error) {
      if (!(error instanceof InvalidDicom || error instanceof InstanceConflict)) throw error;
      log.warn({ code: error.code }, 'The archive sent an instance that cannot be used.');
      if (error instanceof InstanceConflict) differing++;
      else refused++;
    }
    signal.throwIfAborted();
    received++;
    if (expected) await onProgress(Math.min(1, received / expected));
  }
  const here = await prisma.instance.count({ where: { series: { study: { studyInstanceUid } } } });
  await prisma.study.update({ where: { studyInstanceUid }, data: completeness(here, expected, refused, differing) });
}

/** `differing`: were here before under the same UID, with other bytes; pulling them again would change nothing. */
function completeness(here: number, expected: number | null, refused: number, differing: number) {
  const others = differing > 0 ? ` ${differing} differ from what came first; both are kept, the first is used.` : '';
  const damaged = refused > 0 ? ` ${refused} that it sent could not be used.${others}` : others;
  if (expected === null)
    return {
      completenessState: refused > 0 ? ('INCOMPLETE' as const) : ('PROVISIONAL' as const),
      evidence: `The archive does not tell how many instances there are; ${here} are here.${damaged}`,
    };
  // PROVEN asks for more than one look: a study may still be arriving at the archive.
  return {
    completenessState: here >= expected && refused === 0 ? ('PROVISIONAL' as const) : ('INCOMPLETE' as const),
    evidence: `The archive counted ${expected} instances when asked once; ${here} are here.${damaged}`,
  };
}
