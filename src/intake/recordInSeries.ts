import type { Context } from '../context.js';
import { isForeignKeyViolation } from '../database/isForeignKeyViolation.js';
import type { Instance } from '../pacs/header/parse.js';
import type { Received } from '../pacs/receive.js';
import { isOwnResult } from '../pacs/report/ownResult.js';
import { patientOf, slicesOf, studyFacts } from './instanceFacts.js';
import { fromNow, type SettleDelays } from './settleTimes.js';

/** Size of `caches.recordedSeries`; the oldest entries are dropped. */
const MOST_KNOWN = 1000;

/** All that an object says of its study and series. Where it differs from before, their rows have to be updated. */
function keyOf(instance: Instance): string {
  const { studyInstanceUid, seriesInstanceUid, modality } = instance;
  return JSON.stringify([studyInstanceUid, seriesInstanceUid, modality, studyFacts(instance)]);
}

/** Remembers a recorded series, so that the next object of it takes the short way. */
export function remember({ caches: { recordedSeries } }: Context, instance: Instance, seriesId: string): void {
  recordedSeries.set(keyOf(instance), seriesId);
  const [oldest] = recordedSeries.keys();
  if (recordedSeries.size > MOST_KNOWN && oldest !== undefined) recordedSeries.delete(oldest);
}

/**
 * Records an object and its slices in one statement, where this process has recorded their series before.
 * @returns false, with nothing changed, where it has not, where the object is here already, or where the series was
 *   deleted.
 */
export async function recordInSeries(
  context: Context,
  received: Received,
  settle: SettleDelays | null,
): Promise<boolean> {
  const seriesId = context.caches.recordedSeries.get(keyOf(received.instance));
  if (seriesId === undefined) return false;
  const { instance, path, sha256, bytes } = received;
  const { sopInstanceUid, sopClassUid, transferSyntaxUid } = instance;
  const slices = JSON.stringify(slicesOf(instance));
  const { id: patientId, issuer } = patientOf(instance);
  try {
    const [stored] = await context.prisma.$queryRaw<[{ count: number }]>`
      WITH stored AS (
        INSERT INTO "Instance" ("seriesId", "sopInstanceUid", "sopClassUid", "transferSyntaxUid", "path", "sha256", "bytes", "ownResult")
        SELECT "Series"."id", ${sopInstanceUid}, ${sopClassUid}, ${transferSyntaxUid}, ${path}, ${sha256}, ${bytes}, ${isOwnResult(instance)}
        FROM "Series" JOIN "Study" ON "Study"."id" = "Series"."studyId"
        -- Somebody may have resolved a conflict since, and said that the study is another patient's.
        WHERE "Series"."id" = ${seriesId} AND (${isOwnResult(instance)}
          OR ("Study"."receivedPatient"->>'id' IS NOT DISTINCT FROM ${patientId}
            AND "Study"."receivedPatient"->>'issuer' IS NOT DISTINCT FROM ${issuer}))
        FOR NO KEY UPDATE OF "Study"
        ON CONFLICT ("sopInstanceUid") DO NOTHING
        RETURNING "id"
      ), cut AS (
        INSERT INTO "Slice" ("instanceId", "seriesId", "sopInstanceUid", "frameNumber", "instanceNumber", "rows", "columns", "pixelSpacing", "pixelAspect")
        SELECT stored."id", ${seriesId}, slice."sopInstanceUid", slice."frameNumber", slice."instanceNumber", slice."rows", slice."columns",
          ARRAY(SELECT jsonb_array_elements_text(slice."pixelSpacing")::float8), slice."pixelAspect"
        FROM stored, jsonb_to_recordset(${slices}::jsonb) AS slice("sopInstanceUid" text, "frameNumber" int,
          "instanceNumber" int, "rows" int, "columns" int, "pixelSpacing" jsonb, "pixelAspect" float8)
      ), arrived AS (
        UPDATE "Study" SET "lastInstanceAt" = clock_timestamp(), "settleAt" = ${fromNow(settle?.lookMs ?? 0)},
          "settleBy" = ${fromNow(settle?.deadlineMs ?? 0)}
        FROM stored, "Series"
        WHERE ${settle !== null} AND "Series"."id" = ${seriesId} AND "Study"."id" = "Series"."studyId"
      )
      SELECT count(*)::int AS count FROM stored`;
    return stored.count === 1;
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
    context.caches.recordedSeries.delete(keyOf(instance));
    return false;
  }
}
