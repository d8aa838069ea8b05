import { join } from 'node:path';
import type { Context } from '../context.js';
import { ReceivedFilesMissing } from '../errors/errors.js';
import type { Prisma } from '../generated/prisma/client.js';
import { parseReceived } from '../intake/parseReceived.js';
import type { RunningModel } from '../models/modelLoader.js';
import type { Instance } from '../pacs/header/parse.js';
import { chooseSeries, type LocatedSlice, type SeriesChoice } from '../pacs/series/chooseSeries.js';

type ChoosingParts = Pick<Context, 'prisma' | 'receivedDir'>;
type SeriesWithFiles = Prisma.SeriesGetPayload<{ include: { instances: true } }>;

/**
 * Stores for each series of a study, and each slice, whether it is eligible, and the order of the slices in space. A
 * series of which no file can be read stays as it was.
 * @throws ReceivedFilesMissing where none of the study can be read.
 */
export async function chooseStudySeries(parts: ChoosingParts, running: RunningModel, studyId: string): Promise<void> {
  const allSeries = await parts.prisma.series.findMany({
    where: { studyId, instances: { some: {} } },
    // In a fixed order: the first slice of a series at 45° decides which way it is read.
    include: { instances: { orderBy: { sopInstanceUid: 'asc' } } },
  });
  let unreadable = 0;
  for (const series of allSeries) {
    const files = await readHeaders(parts, series);
    if (files.instances.length === 0) unreadable++;
    else {
      const choice = chooseSeries(files.instances, running.classifier.manifest.weightings);
      await storeChoice(parts, series.id, choice, files.unreadable);
    }
  }
  if (unreadable > 0 && unreadable === allSeries.length)
    throw new ReceivedFilesMissing(
      'None of the files of the study can be read under DATA_DIR. Mount it, give it back its rights, or import the study again.',
    );
}

/** `unreadable`: SOP instance UIDs of files that are gone or damaged. */
async function readHeaders(
  { receivedDir }: ChoosingParts,
  series: SeriesWithFiles,
): Promise<{ instances: Instance[]; unreadable: string[] }> {
  const instances: Instance[] = [];
  const unreadable: string[] = [];
  for (const { path, sopInstanceUid } of series.instances) {
    const instance = await parseReceived(join(receivedDir, path));
    if (instance) instances.push(instance);
    else unreadable.push(sopInstanceUid);
  }
  return { instances, unreadable };
}

async function storeChoice(
  { prisma }: ChoosingParts,
  seriesId: string,
  { eligible, orientation, reason, slices }: SeriesChoice,
  unreadable: readonly string[],
): Promise<void> {
  const examined = { examinedAt: new Date(), eligibilityCode: reason.code, eligibilityParameters: reason.parameters };
  await prisma.$transaction([
    prisma.series.update({ where: { id: seriesId }, data: { eligible, orientation, ...examined } }),
    prisma.slice.updateMany({ where: { seriesId }, data: { eligible: false, position: slices.length } }),
    placeSlices(prisma, seriesId, eligible, slices),
    // What cannot be read any more fails as a slice, where a clinician sees it.
    prisma.slice.updateMany({ where: { seriesId, sopInstanceUid: { in: [...unreadable] } }, data: { eligible } }),
  ]);
}

/** All slices of a series in one statement: hundreds of them would cost as much as the model. */
function placeSlices(
  prisma: ChoosingParts['prisma'],
  seriesId: string,
  eligible: boolean,
  slices: readonly LocatedSlice[],
) {
  const places = slices.map(({ sopInstanceUid, frameNumber, location }, position) => ({
    sopInstanceUid,
    frameNumber,
    position,
    location,
  }));
  return prisma.$executeRaw`
    UPDATE "Slice" SET "eligible" = ${eligible}, "position" = place."position", "sliceLocation" = place."location"
    FROM jsonb_to_recordset(${JSON.stringify(places)}::jsonb)
      AS place("sopInstanceUid" text, "frameNumber" int, "position" int, "location" float8)
    WHERE "Slice"."seriesId" = ${seriesId} AND "Slice"."sopInstanceUid" = place."sopInstanceUid"
      AND "Slice"."frameNumber" = place."frameNumber"`;
}
