import type { Context } from '../context.js';
import { asLogged } from '../errors/asKnown.js';
import { fromNow } from './settleTimes.js';

/** Length of a claim. After that long without a new claim, other processes take the study for abandoned. */
const CLAIM_MS = 60_000;
const RENEW_MS = 15_000;

/**
 * Works on a study outside of the queue, and claims it meanwhile. Without the claim, a server that starts would take
 * the study for one whose process has died.
 */
export async function claimStudy<T>(context: Context, studyInstanceUid: string, work: () => Promise<T>): Promise<T> {
  const { log, prisma } = context;
  const claim = () => prisma.$executeRaw`
    UPDATE "Study" SET "classifyingUntil" = ${fromNow(CLAIM_MS)} WHERE "studyInstanceUid" = ${studyInstanceUid}`;
  await claim();
  const renewing = setInterval(() => {
    claim().catch((error: unknown) => log.warn(asLogged(error), 'A study could not be claimed once more.'));
  }, RENEW_MS);
  try {
    return await work();
  } finally {
    clearInterval(renewing);
    await prisma.study.updateMany({ where: { studyInstanceUid }, data: { classifyingUntil: null } });
  }
}
