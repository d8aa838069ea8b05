import type { Context } from './context.js';
import { InstanceConflict } from './errors.js';
import type { Prisma } from './generated/prisma/client.js';
import { slicesOf, studyFacts } from './instanceFacts.js';
import type { Received } from './pacs/receive.js';
import { isOwnResult } from './pacs/report/ownResult.js';
import { recordInSeries, remember } from './recordInSeries.js';
import { type SettleTimes, settleTimes } from './settleTimes.js';

/**
 * Makes a received file known: its study, its series, itself and its slices, in one transaction. Doing so again
 * changes nothing.
 * @param pacs the archive it was pulled from; null when it came by itself.
 * @param arriving that it came by itself: its study is then classified when no more come (settleStudy.ts), in the same
 *   transaction made durable. Results of our own set nothing off.
 * @throws InstanceConflict where another object with its SOPInstanceUID was recorded first; that this one came, too, is
 *   recorded then, and nothing else.
 */
export async function recordInstance(
  context: Context,
  received: Received,
  pacs: string | null,
  arriving = false,
): Promise<void> {
  const { instance } = received;
  const settle = arriving && !isOwnResult(instance) ? settleTimes(context) : null;
  if (await recordInSeries(context, received, settle)) return;
  await recordWhole(context, received, pacs, settle);
}

const NOT_ASKED = 'It came by itself; no archive was asked how many instances there are.';

async function recordWhole(
  context: Context,
  received: Received,
  pacs: string | null,
  settle: SettleTimes | null,
): Promise<void> {
  const { prisma } = context;
  const { instance } = received;
  const modality = instance.modality ?? 'OT'; // PS3.3 C.7.3.1.1.1: "other"
  const { studyInstanceUid, sopInstanceUid, seriesInstanceUid } = instance;
  const record = async (tx: Prisma.TransactionClient) => {
    const first = await tx.instance.findUnique({ where: { sopInstanceUid }, select: { sha256: true } });
    if (first && first.sha256 !== received.sha256) {
      const { path, sha256, bytes } = received;
      const key = { sopInstanceUid, sha256 };
      await tx.conflictingInstance.upsert({
        where: { sopInstanceUid_sha256: key },
        create: { ...key, path, bytes },
        update: { path },
      });
      return null;
    }
    const study = await tx.study.upsert({
      where: { studyInstanceUid },
      create: {
        studyInstanceUid,
        ...studyFacts(instance),
        modalities: [modality],
        pacs,
        evidence: NOT_ASKED,
        ...settle,
      },
      update: { ...studyFacts(instance), ...(!first && settle) },
    });
    if (!study.modalities.includes(modality))
      await tx.study.update({ where: { id: study.id }, data: { modalities: { push: modality } } });
    const series = await tx.series.upsert({
      where: { studyId_seriesInstanceUid: { studyId: study.id, seriesInstanceUid } },
      create: {
        studyId: study.id,
        seriesInstanceUid,
        modality,
        description: instance.seriesDescription,
        seriesNumber: instance.seriesNumber,
        bodyPart: instance.bodyPartExamined,
        station: instance.stationName,
      },
      update: {},
    });
    const stored = await tx.instance.upsert({
      where: { sopInstanceUid },
      create: {
        seriesId: series.id,
        sopInstanceUid,
        sopClassUid: instance.sopClassUid,
        transferSyntaxUid: instance.transferSyntaxUid,
        path: received.path,
        sha256: received.sha256,
        bytes: received.bytes,
        ownResult: isOwnResult(instance),
      },
      update: { path: received.path }, // the same bytes again, where the file that was kept first is damaged
    });
    const owner = { instanceId: stored.id, seriesId: series.id };
    const slices = slicesOf(instance).map((slice) => ({ ...slice, ...owner }));
    await tx.slice.createMany({ data: slices, skipDuplicates: true });
    return series.id;
  };
  // An Enhanced object may hold thousands of frames: more than the usual five seconds on a slow disk.
  const seriesId = await prisma.$transaction(record, { timeout: 60_000, maxWait: 10_000 });
  if (seriesId !== null) return remember(context, instance, seriesId);
  throw new InstanceConflict(
    'Another object with the same SOPInstanceUID was here first. Both files are kept; the first one is used.',
  );
}
