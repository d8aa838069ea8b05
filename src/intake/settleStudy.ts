import { type Ruling, ruleFor } from '../config/intakeRules.js';
import type { Context } from '../context.js';
import { StudyBusy } from '../errors/errors.js';
import type { EvidenceCode, Prisma, Study } from '../generated/prisma/client.js';
import { describeStudy } from '../jobs/describeStudy.js';
import { LIVE, sendStudyJob } from '../jobs/enqueueStudy.js';
import { examineStudy, lacks, type Settling } from './examineStudy.js';
import { renewReports } from './renewReports.js';
import { retrieveStudy } from './retrieveStudy.js';
import { firstLookMs, fromNow } from './settleTimes.js';

/**
 * Examines a study of which no instance came for a while, and queues it as a new revision, unless these very instances
 * were classified before. The archive is asked whether every instance is here:
 * - PROVEN: the archive counts twice what is here, names no other instance, and nothing is in conflict;
 * - PROVISIONAL: the deadline has passed, or no archive can be asked;
 * - what is missing is fetched first. Each examination ends in one transaction; one that is cut short is made again.
 *   Results that a MRIMaster wrote are not counted: an archive may have them, and send them back.
 * @param overdue whether the study is to be classified now, proven or not.
 */
export async function settleStudy(
  context: Context,
  study: Study,
  overdue: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { prisma } = context;
  if ((await prisma.job.count({ where: { studyId: study.id, ...LIVE } })) > 0) return examineAgain(context, study);
  const settling = await examineStudy(context, study, overdue);
  const { archive, counts, isKnown, isMissing } = settling;
  if (isKnown && archive === null && !overdue) return examineAgain(context, study);
  if (isKnown) return keepClassified(context, settling);
  const ruling = ruleFor(context.config.rules, await describeStudy(context, study));
  if (!ruling?.rule.classify) return endSettling(context, study, passedOver(settling, ruling));
  const fetchMissing = async () => {
    await retrieveStudy(context, archive as string, study.studyInstanceUid, async () => {}, signal);
    return examineAgain(context, study, { countedInstances: null });
  };
  if (isMissing) return fetchMissing();
  const isAbsent = counts.agree && counts.seenBefore && (await lacks(context, settling));
  if (isAbsent && !overdue) return fetchMissing();
  const isSettled = counts.agree && counts.seenBefore && !isAbsent;
  if (isSettled || overdue || archive === undefined)
    return conclude(context, settling, { ruling, proven: isSettled && !settling.inConflict });
  return examineAgain(context, study, { countedInstances: counts.archive, countedHere: counts.here });
}

/**
 * Ends the examination of a study that was classified as it is here. Marks it proven where the archive's counts say so.
 */
async function keepClassified(context: Context, settling: Settling): Promise<void> {
  const { archive, counts, inConflict, overdue, study, withheld } = settling;
  const isProvable = counts.agree && !inConflict && study.completenessState !== 'PROVEN';
  if (isProvable && !counts.seenBefore && !overdue)
    return examineAgain(context, study, { countedInstances: counts.archive, countedHere: counts.here });
  const isProven = isProvable && counts.seenBefore && !(await lacks(context, settling));
  const told =
    counts.archive === null ? {} : { expectedInstances: counts.archive, countedByArchive: counts.archiveInAll };
  await endSettling(context, study, {
    ...told,
    ...(isProven && { completenessState: 'PROVEN' as const, ...provenBy(archive as string, counts) }),
  });
  if (!withheld) await renewReports(context, study.id, archive ?? null);
}

/** Columns of a study that is not classified. `ruling`: null where no rule is for the study. */
function passedOver({ archive, counts, study }: Settling, ruling: Ruling | null): Prisma.StudyUpdateManyMutationInput {
  return {
    ...(archive && { countedByArchive: counts.archiveInAll }),
    intakeCode: ruling ? 'PASSED_OVER_BY_RULE' : 'NO_RULE',
    intakeParameters: ruling ? parametersOf(ruling) : {},
    status: study.revision === 0 ? 'SKIPPED' : study.status,
  };
}

/** What the words for a rule's decision need. */
function parametersOf({ matches, rule }: Ruling) {
  return { rule: rule.name, matches };
}

/**
 * Stores revision and completeness and queues the job, in one transaction. Does nothing where an instance came
 * meanwhile: the study is examined again then.
 */
async function conclude(
  context: Context,
  settling: Settling,
  { proven, ruling }: { proven: boolean; ruling: Ruling },
): Promise<void> {
  const { archive, counts, key, study } = settling;
  const isIncomplete = counts.archive !== null && counts.archive > counts.here;
  await context.prisma.$transaction(async (tx) => {
    const { count: changed } = await tx.study.updateMany({
      where: unchanged(study),
      data: {
        settleAt: null,
        countedInstances: null,
        countedHere: null,
        revision: { increment: 1 },
        revisionKey: key,
        expectedInstances: counts.archive,
        countedByArchive: counts.archiveInAll,
        completenessState: proven ? 'PROVEN' : isIncomplete ? 'INCOMPLETE' : 'PROVISIONAL',
        ...evidence(settling, proven),
        intakeCode: 'CLASSIFIED_BY_RULE',
        intakeParameters: parametersOf(ruling),
        ...(archive && { pacs: archive }),
      },
    });
    if (changed === 0) return;
    const { studyInstanceUid } = study;
    const job = { studyInstanceUid, pacs: null, force: false };
    if (await sendStudyJob(context, tx, study.id, job, ruling.rule.priority)) return;
    throw new StudyBusy('The study is being classified. It is examined again when that job has ended.');
  });
}

type Evidence = { evidenceCode: EvidenceCode; evidenceParameters: Record<string, string | number> };

function provenBy(archive: string, { here: count, aside }: Settling['counts']): Evidence {
  return { evidenceCode: 'COUNTED_TWICE', evidenceParameters: { archive, count, aside } };
}

function evidence({ archive, counts, inConflict }: Settling, proven: boolean): Evidence {
  const { here } = counts;
  if (proven && archive) return provenBy(archive, counts);
  if (inConflict) return { evidenceCode: 'IN_CONFLICT', evidenceParameters: { here } };
  if (archive === undefined) return { evidenceCode: 'NO_ARCHIVE', evidenceParameters: { here } };
  if (archive === null) return { evidenceCode: 'NO_ARCHIVE_ANSWERED', evidenceParameters: { here } };
  if (counts.archive === null) return { evidenceCode: 'ARCHIVE_DOES_NOT_COUNT', evidenceParameters: { archive, here } };
  return { evidenceCode: 'COUNTED_AT_DEADLINE', evidenceParameters: { archive, count: counts.archive, here } };
}

/** Finds the study where no instance came since it was read. */
const unchanged = ({ id, lastInstanceAt }: Study) => ({ id, lastInstanceAt });

/** Has the study examined again after the quiet time. */
async function examineAgain(
  { config, prisma }: Context,
  study: Study,
  data: Prisma.StudyUpdateManyMutationInput = {},
): Promise<void> {
  if (Object.keys(data).length > 0) await prisma.study.updateMany({ where: unchanged(study), data });
  // By the clock of the database. Nothing where an instance came meanwhile, which set a time of its own.
  await prisma.$executeRaw`
    UPDATE "Study" SET "settleAt" = ${fromNow(firstLookMs(config.arrivals.quietMs))}
    WHERE "id" = ${study.id} AND "lastInstanceAt" IS NOT DISTINCT FROM ${study.lastInstanceAt}`;
}

/** Examines the study no more until an instance comes. */
async function endSettling(
  { prisma }: Context,
  study: Study,
  data: Prisma.StudyUpdateManyMutationInput,
): Promise<void> {
  await prisma.study.updateMany({ where: unchanged(study), data: { ...data, settleAt: null } });
}
