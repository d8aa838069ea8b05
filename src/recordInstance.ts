import type { Context } from './context.js';
import { InstanceConflict } from './errors.js';
import type { Prisma, PrismaClient } from './generated/prisma/client.js';
import type { Instance } from './pacs/parse.js';
import type { Received } from './pacs/receive.js';
import { isOwnResult } from './pacs/report/ownResult.js';
import { firstLookMs } from './settleStudy.js';

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
  const seriesId = knownSeriesOf(context).get(keyOf(instance));
  const settle = arriving && !isOwnResult(instance) ? settleTimes(context) : null;
  if (seriesId !== undefined && (await recordInSeries(context, received, seriesId, settle))) return;
  await recordWhole(context, received, pacs, settle);
}

/** When a study whose last instance has just come is looked at, and when it is classified at the latest. */
type SettleTimes = { lastInstanceAt: Date; settleAt: Date; settleBy: Date };

function settleTimes({ config }: Context): SettleTimes {
  const lastInstanceAt = new Date();
  const later = (ms: number) => new Date(lastInstanceAt.getTime() + ms);
  const { quietMs, deadlineMs } = config.arrivals;
  return { lastInstanceAt, settleAt: later(quietMs - firstLookMs(quietMs)), settleBy: later(deadlineMs) };
}

const NOT_ASKED = 'It came by itself; no archive was asked how many instances there are.';

/** Series recorded by this process: of most objects nothing but themselves is new. */
const knownSeries = new WeakMap<PrismaClient, Map<string, string>>();
const MOST_KNOWN = 1000;

function knownSeriesOf({ prisma }: Context): Map<string, string> {
  const known = knownSeries.get(prisma) ?? new Map();
  knownSeries.set(prisma, known);
  return known;
}

/** Everything that an object says of its study and series: where it differs, rows have to be updated. */
function keyOf(instance: Instance): string {
  const { studyInstanceUid, seriesInstanceUid, modality } = instance;
  return JSON.stringify([studyInstanceUid, seriesInstanceUid, modality, studyFacts(instance)]);
}

function remember(context: Context, instance: Instance, seriesId: string): void {
  const known = knownSeriesOf(context);
  known.set(keyOf(instance), seriesId);
  const [oldest] = known.keys();
  if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
}

/**
 * Object and slices in one statement. @returns false, with nothing changed, where the object is here already, or the
 * series is no longer.
 */
async function recordInSeries(
  context: Context,
  received: Received,
  seriesId: string,
  settle: SettleTimes | null,
): Promise<boolean> {
  const { instance, path, sha256, bytes } = received;
  const { sopInstanceUid, sopClassUid, transferSyntaxUid } = instance;
  const slices = JSON.stringify(slicesOf(instance));
  try {
    const [stored] = await context.prisma.$queryRaw<[{ count: number }]>`
      WITH stored AS (
        INSERT INTO "Instance" ("seriesId", "sopInstanceUid", "sopClassUid", "transferSyntaxUid", "path", "sha256", "bytes", "ownResult")
        VALUES (${seriesId}, ${sopInstanceUid}, ${sopClassUid}, ${transferSyntaxUid}, ${path}, ${sha256}, ${bytes}, ${isOwnResult(instance)})
        ON CONFLICT ("sopInstanceUid") DO NOTHING
        RETURNING "id"
      ), cut AS (
        INSERT INTO "Slice" ("instanceId", "seriesId", "sopInstanceUid", "frameNumber", "instanceNumber", "rows", "columns", "pixelSpacing")
        SELECT stored."id", ${seriesId}, slice."sopInstanceUid", slice."frameNumber", slice."instanceNumber", slice."rows", slice."columns",
          ARRAY(SELECT jsonb_array_elements_text(slice."pixelSpacing")::float8)
        FROM stored, jsonb_to_recordset(${slices}::jsonb) AS slice("sopInstanceUid" text, "frameNumber" int,
          "instanceNumber" int, "rows" int, "columns" int, "pixelSpacing" jsonb)
      ), arrived AS (
        UPDATE "Study" SET "lastInstanceAt" = ${settle?.lastInstanceAt}, "settleAt" = ${settle?.settleAt}, "settleBy" = ${settle?.settleBy}
        FROM stored, "Series"
        WHERE ${settle !== null} AND "Series"."id" = ${seriesId} AND "Study"."id" = "Series"."studyId"
      )
      SELECT count(*)::int AS count FROM stored`;
    return stored.count === 1;
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
    knownSeriesOf(context).delete(keyOf(instance));
    return false;
  }
}

/** PostgreSQL's 23503: the series was deleted since. */
function isForeignKeyViolation(error: unknown): boolean {
  const { code, meta } = error as {
    code?: string;
    meta?: { code?: string; driverAdapterError?: { cause?: { originalCode?: string } } };
  };
  return code === 'P2003' || meta?.code === '23503' || meta?.driverAdapterError?.cause?.originalCode === '23503';
}

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

function studyFacts({ patient, accessionNumber, studyDate, studyDescription }: Instance) {
  return {
    patientName: patient.name,
    patientId: patient.id,
    patientBirthDate: patient.birthDate,
    patientSex: patient.sex,
    accessionNumber,
    studyDate: isoDate(studyDate),
    description: studyDescription,
  };
}

/** DICOM's DA "20260131" as "2026-01-31"; null where it is no date. */
export function isoDate(date: string | null): string | null {
  const [, year, month, day] = date?.match(/^(\d{4})\.?(\d{2})\.?(\d{2})$/) ?? [];
  const iso = `${year}-${month}-${day}`;
  // 31 February becomes a day of March: then it is no date, either.
  const time = Date.parse(`${iso}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== iso ? null : iso;
}

function slicesOf(instance: Instance) {
  const { rows, columns, sopInstanceUid, instanceNumber } = instance;
  if (rows === null || columns === null) return []; // a report, a presentation state: nothing to look at
  return instance.frames.map((frame, index) => ({
    sopInstanceUid,
    frameNumber: index + 1,
    instanceNumber,
    rows,
    columns,
    pixelSpacing: [...(frame.pixelSpacing ?? [])],
  }));
}
