import type { Context } from '../context.js';
import { InvalidDicom, PacsNotConfigured, PacsWrongStudy, StudyNotFound } from '../errors/errors.js';
import type { Archive } from '../pacs/archive.js';
import type { Suboperations } from '../pacs/dimse/client.js';
import { requireArchive } from '../pacs/requireArchive.js';
import { receiveInstance } from './receiveInstance.js';

/**
 * Pulls a study from an archive: a search, then WADO-RS, C-GET or C-MOVE. The study is recorded as incomplete before
 * the first byte comes, so that a pull that breaks off is known to be incomplete. An instance that cannot be kept stops
 * no other one.
 * @param name of the archive.
 * @param onProgress 0–1, by instances where the archive tells their number.
 * @param signal when aborted, stops with its reason.
 * @throws PacsNotConfigured, StudyNotFound, or whatever the archive's client throws.
 */
export async function retrieveStudy(
  context: Context,
  name: string,
  studyInstanceUid: string,
  onProgress: (fraction: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { prisma } = context;
  const archive = requireArchive(context, name);
  const [found] = await archive.searchForStudies({ studyInstanceUid });
  if (!found) throw new StudyNotFound(`The archive has no study ${studyInstanceUid}.`);
  // PS3.4 C.6.2.1.2: an archive need not count them for us.
  const expected = found.numberOfInstances ?? (await archive.listInstances(studyInstanceUid)).length;
  const begun = {
    pacs: name,
    expectedInstances: expected,
    completenessState: 'INCOMPLETE' as const,
    evidenceCode: 'BEING_PULLED' as const,
    evidenceParameters: {},
  };
  await prisma.study.upsert({
    where: { studyInstanceUid },
    create: { studyInstanceUid, modalities: [], ...begun },
    update: begun,
  });
  const pull = { archive, studyInstanceUid, expected, onProgress, signal };
  const { refused, differing, foreign } = await (archive.retrieveStudy ? takeObjects : haveItSent)(context, pull);
  const ofStudy = { series: { study: { studyInstanceUid } } };
  const here = await prisma.instance.count({ where: { ...ofStudy, ownResult: false } });
  const own = await prisma.instance.count({ where: { ...ofStudy, ownResult: true } });
  if (foreign > 0 && here + own === 0)
    throw new PacsWrongStudy(
      `The archive answered with objects of other studies than ${studyInstanceUid}. See its log.`,
    );
  const data = completeness(here, expected - own, refused + foreign, differing);
  await prisma.study.update({ where: { studyInstanceUid }, data: { ...data, expectedInstances: expected - own } });
}

/**
 * A pull at work. `expected`: number of instances that the archive has. `onProgress`, `signal`: as for retrieveStudy.
 */
type Pull = {
  archive: Archive;
  studyInstanceUid: string;
  expected: number;
  onProgress: (fraction: number) => Promise<void>;
  signal: AbortSignal;
};

/**
 * Numbers of instances. `refused`: could not be kept. `differing`: are in conflict with what came first. `foreign`: are
 * of other studies, and not kept.
 */
type Pulled = { refused: number; differing: number; foreign: number };

/** Pulls by WADO-RS or C-GET: the objects come in answer to the request. */
async function takeObjects(context: Context, pull: Pull): Promise<Pulled> {
  const { archive, studyInstanceUid, expected, onProgress, signal } = pull;
  const pacs = archive.settings.name;
  let [received, refused, differing, foreign] = [0, 0, 0, 0];
  const arrival = { door: 'pull' as const, pacs, sender: pacs, transfer: null };
  for await (const bytes of archive.retrieveStudy?.(studyInstanceUid, signal) ?? []) {
    try {
      const { conflict } = await receiveInstance(context, { ...arrival, bytes, of: studyInstanceUid });
      if (conflict) differing++;
    } catch (error) {
      if (!(error instanceof InvalidDicom || error instanceof PacsWrongStudy)) throw error;
      context.log.warn({ code: error.code }, 'The archive sent an instance that cannot be used.');
      if (error instanceof PacsWrongStudy) foreign++;
      else refused++;
    }
    signal.throwIfAborted();
    received++;
    if (expected) await onProgress(Math.min(1, received / expected));
  }
  return { refused, differing, foreign };
}

/** Pulls by C-MOVE: the objects come to our DICOM port, and are recorded there. */
async function haveItSent({ config }: Context, pull: Pull): Promise<Pulled> {
  const { archive, studyInstanceUid, expected, onProgress, signal } = pull;
  if (config.dicom.port === null)
    throw new PacsNotConfigured('C-MOVE sends to our DICOM port, which is off. Set DICOM_PORT, or PACS_RETRIEVE=get.');
  const report = ({ completed, failed, remaining }: Suboperations) => {
    const all = expected || completed + failed + (remaining ?? 0);
    return all > 0 ? onProgress(Math.min(1, (completed + failed) / all)) : undefined;
  };
  const done = await archive.moveStudy?.(studyInstanceUid, config.dicom.aeTitle, report, signal);
  return { refused: done?.failed ?? 0, differing: 0, foreign: 0 };
}

/**
 * Columns of Study after a pull. Instances that differ from those here do not make it incomplete: pulling again changes
 * nothing.
 */
function completeness(here: number, expected: number, refused: number, differing: number) {
  // PROVEN takes a second count: the study may still be arriving at the archive.
  return {
    completenessState: here >= expected && refused === 0 ? ('PROVISIONAL' as const) : ('INCOMPLETE' as const),
    evidenceCode: 'COUNTED_WHEN_PULLED' as const,
    evidenceParameters: { count: expected, here, unusable: refused, differing },
  };
}
