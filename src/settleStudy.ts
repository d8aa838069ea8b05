import { createHash } from 'node:crypto';
import type { Context } from './context.js';
import { describeStudy } from './describeStudy.js';
import { MrimasterError, StudyBusy } from './errors.js';
import type { Prisma, Study } from './generated/prisma/client.js';
import type { Archive } from './pacs/archive.js';
import { retrieveStudy } from './retrieveStudy.js';
import { type Rule, type Ruling, ruleFor } from './rules.js';
import { firstLookMs } from './settleTimes.js';
import { LIVE, sendStudyJob } from './studyJobs.js';

/**
 * One look at a study of which no instance came for a while. Whether every instance is here is asked of the archive: PROVEN
 * when it counts what is here twice with no change, and names none that is not; what is missing is fetched; PROVISIONAL when the
 * deadline has passed, or nobody can be asked. Then it is queued, as a new revision, unless these very instances were
 * classified before. Each look ends in one transaction; one that is cut short is made again.
 * @param isBeingSent whether an association that carried instances of it is still open.
 */
export async function settleStudy(
  context: Context,
  study: Study,
  isBeingSent: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { prisma } = context;
  const again = (data: Prisma.StudyUpdateManyMutationInput = {}) => lookAgain(context, study, data);
  const working = await prisma.job.count({ where: { studyId: study.id, ...LIVE } });
  if (isBeingSent || working > 0) return again();
  const instances = await prisma.instance.findMany({
    where: { series: { studyId: study.id } },
    select: { sopInstanceUid: true, ownResult: true },
    orderBy: { sopInstanceUid: 'asc' },
  });
  const here = instances.length;
  const overdue = study.settleBy !== null && study.settleBy.getTime() <= Date.now();
  const { archive, count } = await askArchives(context, study);
  const fetchMissing = async () => {
    await retrieveStudy(context, archive as string, study.studyInstanceUid, async () => {}, signal);
    return again({ countedInstances: null });
  };
  const missing = count !== null && count > here && !overdue;
  // Our own results, which an archive may send back, make no new revision: else every answer would cause the next.
  const key = digest(instances.filter(({ ownResult }) => !ownResult).map((one) => one.sopInstanceUid));
  if (!missing && key === study.revisionKey) {
    if (archive === null && !overdue) return again();
    return forget(context, study, count === null ? {} : { expectedInstances: count });
  }
  const ruled = await ruling(context, study);
  if (ruled.rule === null) return forget(context, study, passedOver(study, ruled));
  if (missing) return fetchMissing();
  const seenBefore = study.countedInstances === count && study.countedHere === here;
  const agreed = archive && count === here && seenBefore;
  const absent = agreed && (await lacks(context, study, archive, instances));
  if (absent && !overdue) return fetchMissing();
  const proven = Boolean(agreed) && !absent;
  if (proven || overdue || archive === undefined)
    return conclude(context, study, { archive, count, here, key, ruling: ruled, proven });
  return again({ countedInstances: count, countedHere: here });
}

/** Whether the archive has an instance that is not here: as many may be others. */
async function lacks(
  { archives }: Context,
  { studyInstanceUid }: Study,
  archive: string,
  instances: readonly { sopInstanceUid: string }[],
): Promise<boolean> {
  const here = new Set(instances.map(({ sopInstanceUid }) => sopInstanceUid));
  const there = (await archives.get(archive)?.listInstances(studyInstanceUid)) ?? [];
  return there.some((uid) => !here.has(uid));
}

type Ruled = { rule: Rule; reason: string } | { rule: null; reason: string };

/** The rule that has the study classified, or why none does. */
async function ruling(context: Context, study: Study): Promise<Ruled> {
  const ruled = ruleFor(context.config.rules, await describeStudy(context, study));
  if (!ruled) return { rule: null, reason: 'no rule is for it' };
  return ruled.rule.classify ? ruled : { rule: null, reason: ruled.reason };
}

function passedOver(study: Study, { reason }: Ruled): Prisma.StudyUpdateManyMutationInput {
  return { intakeReason: `Not classified: ${reason}.`, status: study.revision === 0 ? 'SKIPPED' : study.status };
}

function digest(uids: readonly string[]): string {
  return createHash('sha256').update(uids.join('\n')).digest('hex');
}

/** `archive`: the one that answered; null where none did, undefined where there is none to ask. */
type Counted = { archive: string | null | undefined; count: number | null };

/** How many instances the archive has: the one it came from, else the first that has the study. */
async function askArchives({ archives, log }: Context, { pacs, studyInstanceUid }: Study): Promise<Counted> {
  const known = pacs !== null ? archives.get(pacs) : undefined;
  const candidates: Archive[] = known ? [known] : [...archives.values()];
  if (candidates.length === 0) return { archive: undefined, count: null };
  for (const archive of candidates) {
    try {
      const [found] = await archive.searchForStudies({ studyInstanceUid });
      if (found) return { archive: archive.settings.name, count: found.numberOfInstances };
    } catch (error) {
      if (!(error instanceof MrimasterError)) throw error;
      log.warn(
        { code: error.code, archive: archive.settings.name },
        'An archive could not be asked whether a study is whole.',
      );
    }
  }
  return { archive: null, count: null };
}

type Conclusion = Counted & { here: number; key: string; ruling: Ruling; proven: boolean };

/** Revision, completeness and job in one transaction; nothing where an instance came meanwhile, which has a look of its own. */
async function conclude(context: Context, study: Study, conclusion: Conclusion): Promise<void> {
  const { archive, count, key, proven, ruling } = conclusion;
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
        completenessState: proven ? 'PROVEN' : count !== null && count > conclusion.here ? 'INCOMPLETE' : 'PROVISIONAL',
        evidence: evidence(conclusion),
        intakeReason: `Classified by ${ruling.reason}.`,
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

function evidence({ archive, count, here, proven }: Conclusion): string {
  if (proven) return `${archive} counted ${count} instances twice, at rest, and each is here.`;
  if (archive === undefined) return `${here} instances came; no archive is configured to ask whether these are all.`;
  if (archive === null) return `${here} instances came; no archive told, until the deadline, how many there are.`;
  if (count === null) return `${here} instances came; ${archive} does not tell how many there are.`;
  return `${archive} counted ${count} instances at the deadline; ${here} are here.`;
}

/** No instance came since it was read. */
const unchanged = ({ id, lastInstanceAt }: Study) => ({ id, lastInstanceAt });

async function lookAgain(
  { config, prisma }: Context,
  study: Study,
  data: Prisma.StudyUpdateManyMutationInput,
): Promise<void> {
  const settleAt = new Date(Date.now() + firstLookMs(config.arrivals.quietMs));
  await prisma.study.updateMany({ where: unchanged(study), data: { ...data, settleAt } });
}

async function forget({ prisma }: Context, study: Study, data: Prisma.StudyUpdateManyMutationInput): Promise<void> {
  await prisma.study.updateMany({ where: unchanged(study), data: { ...data, settleAt: null } });
}
