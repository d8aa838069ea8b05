import type { Context } from './context.js';
import { InstanceConflict } from './errors.js';
import type { Prisma } from './generated/prisma/client.js';
import type { Instance } from './pacs/parse.js';
import type { Received } from './pacs/receive.js';

/**
 * Makes a received file known: its study, its series, itself and its slices, in one transaction. Doing so again
 * changes nothing.
 * @param pacs the archive it was pulled from; null when it came by itself.
 * @throws InstanceConflict where another object with its SOPInstanceUID was recorded first; that this one came, too, is
 *   recorded then, and nothing else.
 */
export async function recordInstance({ prisma }: Context, received: Received, pacs: string | null): Promise<void> {
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
      return false;
    }
    const study = await tx.study.upsert({
      where: { studyInstanceUid },
      create: { studyInstanceUid, ...studyFacts(instance), modalities: [modality], pacs },
      update: studyFacts(instance),
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
      },
      update: { path: received.path }, // the same bytes again, where the file that was kept first is damaged
    });
    await tx.slice.createMany({ data: slicesOf(instance, stored), skipDuplicates: true });
    return true;
  };
  // An Enhanced object may hold thousands of frames: more than the usual five seconds on a slow disk.
  const first = await prisma.$transaction(record, { timeout: 60_000, maxWait: 10_000 });
  if (first) return;
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

function slicesOf(instance: Instance, stored: { id: string; seriesId: string }) {
  const { rows, columns } = instance;
  if (rows === null || columns === null) return []; // a report, a presentation state: nothing to look at
  return instance.frames.map((frame, index) => ({
    instanceId: stored.id,
    seriesId: stored.seriesId,
    sopInstanceUid: instance.sopInstanceUid,
    frameNumber: index + 1,
    instanceNumber: instance.instanceNumber,
    rows,
    columns,
    pixelSpacing: [...(frame.pixelSpacing ?? [])],
  }));
}
