import { createHash } from 'node:crypto';
import type { Context } from '../context.js';
import { MrimasterError } from '../errors/errors.js';
import type { Study } from '../generated/prisma/client.js';
import type { Archive } from '../pacs/archive.js';
import type { StudyFound } from '../pacs/query/searchResults.js';
import { checkPatient } from './checkPatient.js';

/** What an examination found. */
export type Settling = {
  study: Study;
  overdue: boolean;
  /** The archive that has the study; null where none answered so, undefined where there is none to ask. */
  archive: string | null | undefined;
  counts: {
    /** What the archive has, own results left out; null where it does not tell. */
    archive: number | null;
    /** All that the archive counts, own results included; null where it does not tell. */
    archiveInAll: number | null;
    here: number;
    /** Of those here, the objects of another patient, which are not used. */
    aside: number;
    /** Whether the archive has as many as are here. */
    agree: boolean;
    /** Whether both counts are those of the examination before. */
    seenBefore: boolean;
  };
  /** SOP instance UIDs of all that is here, own results included. */
  present: ReadonlySet<string>;
  /** SHA-256 of the SOP instance UIDs of what is used. */
  key: string;
  /** Whether these very instances were classified before, and none is known to be missing. */
  isKnown: boolean;
  /** Whether the archive has more than is here, and there is time to fetch it. */
  isMissing: boolean;
  inConflict: boolean;
  withheld: Study['withheld'];
};

/**
 * Counts what is here and what the archive has, and asks whose study it is.
 * @param overdue whether the study is to be classified now, proven or not.
 */
export async function examineStudy(context: Context, study: Study, overdue: boolean): Promise<Settling> {
  const { prisma } = context;
  const { used, aside, own } = await instancesOf(prisma, study.id);
  const here = used.length + aside.length;
  const { archive, found } = await askArchives(context, study);
  const { withheld } = await checkPatient(context, study.id, archive && found ? { archive, found } : null);
  const count = archive && found ? await countIn(context, study, archive, found, own) : null;
  const isMissing = count !== null && count > here && !overdue;
  const key = digest(used);
  return {
    study,
    overdue,
    archive,
    counts: {
      archive: count,
      archiveInAll: found?.numberOfInstances ?? null,
      here,
      aside: aside.length,
      agree: typeof archive === 'string' && count === here,
      seenBefore: study.countedInstances === count && study.countedHere === here,
    },
    present: new Set([...used, ...aside, ...own]),
    key,
    isKnown: !isMissing && key === study.revisionKey,
    isMissing,
    inConflict: (await prisma.conflictingInstance.count({ where: { studyId: study.id, resolvedAt: null } })) > 0,
    withheld,
  };
}

/**
 * SOP instance UIDs, sorted: of objects in use, of another patient's objects (the archive counts them, too), of own
 * results.
 */
async function instancesOf(prisma: Context['prisma'], studyId: string) {
  const instances = await prisma.instance.findMany({
    where: { series: { studyId } },
    select: { sopInstanceUid: true, ownResult: true },
    orderBy: { sopInstanceUid: 'asc' },
  });
  const aside = await prisma.conflictingInstance.findMany({
    where: { studyId, kind: 'OTHER_PATIENT' },
    select: { sopInstanceUid: true },
    distinct: ['sopInstanceUid'],
  });
  const reports = await prisma.report.findMany({ where: { studyId }, select: { sopInstanceUid: true } });
  const uids = (rows: { sopInstanceUid: string }[]) => rows.map(({ sopInstanceUid }) => sopInstanceUid);
  return {
    used: uids(instances.filter(({ ownResult }) => !ownResult)),
    aside: uids(aside),
    own: uids([...instances.filter(({ ownResult }) => ownResult), ...reports]),
  };
}

/**
 * Number of instances that the archive has of the study, own results left out. The archive's own count is used where it
 * gives one and we have written nothing there. Otherwise the instances are counted one by one, because
 * NumberOfStudyRelatedInstances is optional (PS3.4 C.6.2.1.2).
 */
async function countIn(
  { archives }: Context,
  { studyInstanceUid }: Study,
  archive: string,
  { numberOfInstances }: StudyFound,
  own: readonly string[],
): Promise<number | null> {
  if (numberOfInstances !== null && own.length === 0) return numberOfInstances;
  const there = await archives.get(archive)?.listInstances(studyInstanceUid);
  if (!there) return numberOfInstances;
  return there.filter((uid) => !own.includes(uid)).length;
}

/**
 * Whether the archive has an instance that is not here. Equal counts do not tell: they may be of different instances.
 */
export async function lacks({ archives }: Context, { archive, present, study }: Settling): Promise<boolean> {
  if (!archive) return false;
  const there = (await archives.get(archive)?.listInstances(study.studyInstanceUid)) ?? [];
  return there.some((uid) => !present.has(uid));
}

function digest(uids: readonly string[]): string {
  return createHash('sha256').update(uids.join('\n')).digest('hex');
}

/** `archive`: as in Settling. */
type AskedArchives = { archive: string | null | undefined; found: StudyFound | null };

/** Asks for the study the archive that it came from; where none is known, every archive until one has it. */
async function askArchives({ archives, log }: Context, { pacs, studyInstanceUid }: Study): Promise<AskedArchives> {
  const known = pacs !== null ? archives.get(pacs) : undefined;
  const candidates: Archive[] = known ? [known] : [...archives.values()];
  if (candidates.length === 0) return { archive: undefined, found: null };
  for (const archive of candidates) {
    try {
      const [found] = await archive.searchForStudies({ studyInstanceUid });
      if (found) return { archive: archive.settings.name, found };
    } catch (error) {
      if (!(error instanceof MrimasterError)) throw error;
      log.warn(
        { code: error.code, archive: archive.settings.name },
        'An archive could not be asked whether a study is whole.',
      );
    }
  }
  return { archive: null, found: null };
}
