import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './context.js';
import { ExplanationUnavailable, ModelNotFound } from './errors.js';
import { explainPrediction } from './explainPrediction.js';
import type { Report as ReportRow } from './generated/prisma/client.js';
import { makeUid } from './pacs/implementation.js';
import { COMPREHENSIVE_3D_SR } from './pacs/report/ownResult.js';
import type { Report, WrittenObject } from './pacs/report/report.js';
import { NEOPLASM } from './pacs/report/vocabulary.js';
import type { WriteBackJob } from './queue.js';
import { type Result, readResult } from './readResult.js';
import { explanationPicture } from './renderImages.js';
import { requireArchive } from './retrieveStudy.js';
import { VERSION } from './version.js';

/** High, so that viewers list results behind the images. */
const SERIES_NUMBERS = { STRUCTURED_REPORT: 9901, SECONDARY_CAPTURE: 9902 };
const OPACITY = 0.4;
const DEVICE = { uid: makeUid('MRIMaster device'), name: 'MRIMaster', serialNumber: VERSION, softwareVersion: VERSION };

/**
 * Writes a study's answer to an archive: a structured report, and where there is a slice to look at, a picture of it under
 * its heat map. To do so again sends the same bytes under the same UIDs; what is stored already is passed over.
 * @throws what the archive's client throws; PacsRefused where it does not keep an object; the decoding errors of the slice.
 */
export async function writeBack(context: Context, { pacs, ...key }: WriteBackJob, signal: AbortSignal): Promise<void> {
  const { config, prisma } = context;
  const archive = requireArchive(context, pacs);
  const rows = await prisma.report.findMany({ where: { ...key, pacs, storedAt: null } });
  if (rows.length === 0) return;
  const result = await readResult(context, key);
  const outgoing = join(config.dataDir, 'outgoing');
  await mkdir(outgoing, { recursive: true });
  const folder = await mkdtemp(join(outgoing, 'result-'));
  try {
    for (const row of rows) {
      signal.throwIfAborted();
      const bytes =
        row.kind === 'STRUCTURED_REPORT'
          ? await buildReport(context, row, result)
          : await buildOverlay(context, row, result);
      if (bytes === null) {
        await prisma.report.delete({ where: { id: row.id } }); // nothing to show
        continue;
      }
      const path = join(folder, `${row.sopInstanceUid}.dcm`);
      await writeFile(path, bytes);
      const [stored] = await archive.storeInstances([path], signal);
      if (stored?.failure) throw stored.failure;
      await prisma.report.update({ where: { id: row.id }, data: { storedAt: new Date(), error: null } });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildReport({ apart, prisma }: Context, row: ReportRow, result: Result): Promise<Uint8Array> {
  const { study, uids, answer, examined, counts } = result;
  const before = await prisma.report.findFirst({
    where: {
      studyId: row.studyId,
      modelId: row.modelId,
      kind: row.kind,
      pacs: row.pacs,
      revision: { lt: row.revision },
    },
    orderBy: { revision: 'desc' },
  });
  const { seriesInstanceUid } = uids.report;
  const report: Report = {
    ...writtenObject(result, row, seriesInstanceUid),
    tracking: { uid: uids.trackingUid, identifier: 'MRIMaster finding' },
    lookedFor: NEOPLASM,
    answer,
    examined,
    counts,
    completeness: { proven: study.completenessState === 'PROVEN', evidence: study.evidence },
    predecessor: before && {
      sopClassUid: COMPREHENSIVE_3D_SR,
      sopInstanceUid: before.sopInstanceUid,
      seriesInstanceUid,
    },
  };
  return apart.writeStructuredReport(report);
}

/** null where there is no slice to look at, or none of its maps. */
async function buildOverlay(context: Context, row: ReportRow, result: Result): Promise<Uint8Array | null> {
  const { key, uids } = result;
  if (!key) return null;
  const explanation = await explainPrediction(context, { predictionId: key.predictionId }).catch((error) => {
    if (error instanceof ExplanationUnavailable || error instanceof ModelNotFound) return null;
    throw error;
  });
  if (!explanation) return null;
  const view = { kind: 'OVERLAY' as const, opacity: OPACITY, legend: true };
  const { description, ...pixels } = await explanationPicture(context, explanation.id, view);
  const object = writtenObject(result, row, uids.overlay.seriesInstanceUid);
  const { reference, imageOrientationPatient } = key;
  const overlay = { ...object, pixels, description, key: reference, imageOrientationPatient };
  return context.apart.writeSecondaryCapture(overlay);
}

/** Written at the time that its row was made, so that every attempt writes the same bytes. */
function writtenObject({ source, model }: Result, row: ReportRow, seriesInstanceUid: string): WrittenObject {
  const { kind, revision, sopInstanceUid, createdAt } = row;
  const [date = '', time = ''] = createdAt.toISOString().replace(/[-:]/g, '').split('T');
  const { name, version, sha256 } = model;
  return {
    sopInstanceUid,
    seriesInstanceUid,
    seriesNumber: SERIES_NUMBERS[kind],
    instanceNumber: revision + 1,
    written: { date, time: time.slice(0, 6) },
    source,
    device: DEVICE,
    algorithm: { name, version, sha256 },
  };
}
