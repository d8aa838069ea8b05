import { createHash } from 'node:crypto';
import { type Ruling, ruleFor } from '../config/rules.js';
import type { Context } from '../context.js';
import { MrimasterError, StudyBusy } from '../errors/errors.js';
import type { EvidenceCode, Prisma, Study } from '../generated/prisma/client.js';
import { describeStudy } from '../jobs/describeStudy.js';
import { LIVE, sendStudyJob } from '../jobs/enqueueStudy.js';
import type { Archive } from '../pacs/archive.js';
import type { StudyFound } from '../pacs/query/searchResults.js';
import { checkPatient } from './checkPatient.js';
import { renewReports } from './renewReports.js';
import { retrieveStudy } from './retrieveStudy.js';
import { firstLookMs, fromNow } from './settleTimes.js';

/**
 * One look at a study of which no instance came for a while. Whether every instance is here is asked of the archive: PROVEN
 * when it counts what is here twice with no change, names none that is not, and nothing is in conflict; what is missing is
 * fetched; PROVISIONAL when the deadline has passed, or nobody can be asked. Then it is queued, as a new revision, unless
 * these very instances were classified before. Each look ends in one transaction; one that is cut short is made again.
 * Results that a MRIMaster wrote count nowhere: an archive may have them, and send them back.
 * @param overdue that it is to be classified now, proven or not.
 */
export async function settleStudy(
  context: Context,
  study: Study,
  overdue: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { prisma } = context;
  const again = (data: Prisma.StudyUpdateManyMutationInput = {}) => lookAgain(context, study, data);
  if ((await prisma.job.count({ where: { studyId: study.id, ...LIVE } })) > 0) return again();
  const { used, aside, own } = await instancesOf(prisma, study.id);
  const present = new Set([...used, ...aside, ...own]);
  const here = used.length + aside.length;
  const { archive, found } = await askArchives(context, study);
  const { withheld } = await checkPatient(context, study.id, archive && found ? { archive, found } : null);
  const count = archive && found ? await countIn(context, study, archive, found, own) : null;
  const countedByArchive = found?.numberOfInstances ?? null;
  const fetchMissing = async () => {
    await retrieveStudy(context, archive as string, study.studyInstanceUid, async () => {}, signal);
    return again({ countedInstances: null });
  };
  const missing = count !== null && count > here && !overdue;
  const key = digest(used);
  const known = !missing && key === study.revisionKey;
  if (known && archive === null && !overdue) return again();
  const inConflict = (await prisma.conflictingInstance.count({ where: { studyId: study.id, resolvedAt: null } })) > 0;
  const seenBefore = study.countedInstances === count && study.countedHere === here;
  const agreed = typeof archive === 'string' && count === here;
  if (known) {
    const told = count === null ? {} : { expectedInstances: count, countedByArchive };
    const provable = agreed && !inConflict && study.completenessState !== 'PROVEN';
    if (provable && !seenBefore && !overdue) return again({ countedInstances: count, countedHere: here });
    const proven = provable && seenBefore && !(await lacks(context, study, archive, present));
    await forget(context, study, {
      ...told,
      ...(proven && { completenessState: 'PROVEN', ...provenBy(archive, here, aside.length) }),
    });
    if (!withheld) await renewReports(context, study.id, archive ?? null);
    return;
  }
  const ruling = ruleFor(context.config.rules, await describeStudy(context, study));
  if (!ruling?.rule.classify)
    return forget(context, study, { ...passedOver(study, ruling), ...(found && { countedByArchive }) });
  if (missing) return fetchMissing();
  const absent = agreed && seenBefore && (await lacks(context, study, archive, present));
  if (absent && !overdue) return fetchMissing();
  const settled = agreed && seenBefore && !absent;
  if (settled || overdue || archive === undefined) {
    const proven = settled && !inConflict;
    return conclude(context, study, {
      archive,
      count,
      countedByArchive,
      here,
      aside: aside.length,
      key,
      ruling,
      proven,
      inConflict,
    });
  }
  return again({ countedInstances: count, countedHere: here });
}

/** SOP instance UIDs, sorted: of what is used; of another patient's objects, which the archive counts too; of own results. */
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
 * How many instances of the study the archive has, own results left out. Its own count is used where it gives one and we
 * have written nothing there; else the instances are counted one by one (NumberOfStudyRelatedInstances is optional:
 * PS3.4 C.6.2.1.2).
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

/** Whether the archive has an instance that is not here: as many may be others. */
async function lacks(
  { archives }: Context,
  { studyInstanceUid }: Study,
  archive: string,
  here: ReadonlySet<string>,
): Promise<boolean> {
  const there = (await archives.get(archive)?.listInstances(studyInstanceUid)) ?? [];
  return there.some((uid) => !here.has(uid));
}

/** `ruling`: null where no rule is for the study. */
function passedOver(study: Study, ruling: Ruling | null): Prisma.StudyUpdateManyMutationInput {
  return {
    intakeCode: ruling ? 'PASSED_OVER_BY_RULE' : 'NO_RULE',
    intakeParameters: ruling ? parametersOf(ruling) : {},
    status: study.revision === 0 ? 'SKIPPED' : study.status,
  };
}

/** What the words for a rule's decision need. */
function parametersOf({ matches, rule }: Ruling) {
  return { rule: rule.name, matches };
}

function digest(uids: readonly string[]): string {
  return createHash('sha256').update(uids.join('\n')).digest('hex');
}

/** `archive`: the one that has the study; null where none answered so, undefined where there is none to ask. */
type Asked = { archive: string | null | undefined; found: StudyFound | null };

/** What the archive says of the study: the one it came from, else the first that has it. */
async function askArchives({ archives, log }: Context, { pacs, studyInstanceUid }: Study): Promise<Asked> {
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

type Conclusion = {
  archive: Asked['archive'];
  count: number | null;
  countedByArchive: number | null;
  here: number;
  /** Of these, those that are not used. */
  aside: number;
  key: string;
  ruling: Ruling;
  proven: boolean;
  inConflict: boolean;
};

/** Revision, completeness and job in one transaction; nothing where an instance came meanwhile, which has a look of its own. */
async function conclude(context: Context, study: Study, conclusion: Conclusion): Promise<void> {
  const { archive, count, countedByArchive, key, proven, ruling } = conclusion;
  await context.prisma.$transaction(async (tx) => {
    const { count: changed } = await tx.study.updateMany({
      where: unchanged(study),
      data: {
        settleAt: null,
        countedInstances: null,
        countedHere: null,
        revision: { increment: 1 },
        revisionKey: key,
        expectedInstances: count,
        countedByArchive,
        completenessState: proven ? 'PROVEN' : count !== null && count > conclusion.here ? 'INCOMPLETE' : 'PROVISIONAL',
        ...evidence(conclusion),
        intakeCode: 'CLASSIFIED_BY_RULE',
        intakeParameters: parametersOf(ruling),
        ...(archive && { pacs: archive }),
      },
    });
    if (changed === 0) return;
    const { studyInstanceUid } = study;
    const job = { studyInstanceUid, pacs: null, force: false };
    if (await sendStudyJob(context, tx, study.id, job, ruling.rule.priority)) return;
    throw new StudyBusy('The study is being classified. It is looked at again when that job has ended.');
  });
}

type Evidence = { evidenceCode: EvidenceCode; evidenceParameters: Record<string, string | number> };

function provenBy(archive: string, count: number, aside: number): Evidence {
  return { evidenceCode: 'COUNTED_TWICE', evidenceParameters: { archive, count, aside } };
}

function evidence({ archive, count, here, aside, proven, inConflict }: Conclusion): Evidence {
  if (proven && archive) return provenBy(archive, here, aside);
  if (inConflict) return { evidenceCode: 'IN_CONFLICT', evidenceParameters: { here } };
  if (archive === undefined) return { evidenceCode: 'NO_ARCHIVE', evidenceParameters: { here } };
  if (archive === null) return { evidenceCode: 'NO_ARCHIVE_ANSWERED', evidenceParameters: { here } };
  if (count === null) return { evidenceCode: 'ARCHIVE_DOES_NOT_COUNT', evidenceParameters: { archive, here } };
  return { evidenceCode: 'COUNTED_AT_DEADLINE', evidenceParameters: { archive, count, here } };
}

/** No instance came since it was read. */
const unchanged = ({ id, lastInstanceAt }: Study) => ({ id, lastInstanceAt });

async function lookAgain(
  { config, prisma }: Context,
  study: Study,
  data: Prisma.StudyUpdateManyMutationInput,
): Promise<void> {
  if (Object.keys(data).length > 0) await prisma.study.updateMany({ where: unchanged(study), data });
  // By the clock of the database; nothing where an instance came meanwhile, which has a look of its own.
  await prisma.$executeRaw`
    UPDATE "Study" SET "settleAt" = ${fromNow(firstLookMs(config.arrivals.quietMs))}
    WHERE "id" = ${study.id} AND "lastInstanceAt" IS NOT DISTINCT FROM ${study.lastInstanceAt}`;
}

async function forget({ prisma }: Context, study: Study, data: Prisma.StudyUpdateManyMutationInput): Promise<void> {
  await prisma.study.updateMany({ where: unchanged(study), data: { ...data, settleAt: null } });
}
