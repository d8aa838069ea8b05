import type { Context } from './context.js';
import { PacsNotConfigured, StudyNotFound } from './errors.js';
import { receiveBytes } from './pacs/receive.js';
import { recordInstance } from './recordInstance.js';

/**
 * Pulls a study from the archive (QIDO-RS, then WADO-RS) and records how complete it is: all of it is here when the
 * archive's own count is reached.
 * @param onProgress 0–1, by instances where the archive tells their number.
 * @throws PacsNotConfigured, StudyNotFound, or whatever the archive's client throws.
 */
export async function retrieveStudy(
  context: Context,
  studyInstanceUid: string,
  onProgress: (fraction: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { pacs, prisma, receivedDir } = context;
  if (!pacs) throw new PacsNotConfigured('No archive is configured. Set PACS_URL to its DICOMweb address.');
  const [found] = await pacs.searchForStudies({ studyInstanceUid });
  if (!found) throw new StudyNotFound(`The archive has no study ${studyInstanceUid}.`);
  const expected = found.numberOfInstances;
  let received = 0;
  for await (const part of pacs.retrieveStudy(studyInstanceUid)) {
    await recordInstance(context, await receiveBytes(part, receivedDir), 'default');
    received++;
    signal.throwIfAborted();
    if (expected) await onProgress(Math.min(1, received / expected));
  }
  const here = await prisma.instance.count({ where: { series: { study: { studyInstanceUid } } } });
  await prisma.study.update({
    where: { studyInstanceUid },
    data: { expectedInstances: expected, ...completeness(here, expected) },
  });
}

function completeness(here: number, expected: number | null) {
  if (expected === null)
    return {
      completenessState: 'PROVISIONAL' as const,
      evidence: `The archive does not tell how many instances there are; ${here} are here.`,
    };
  // PROVEN asks for more than one look: a study may still be arriving at the archive.
  return {
    completenessState: here >= expected ? ('PROVISIONAL' as const) : ('INCOMPLETE' as const),
    evidence: `The archive counted ${expected} instances when asked once; ${here} are here.`,
  };
}
