import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.js';
import { StudyNotFound } from '../errors/errors.js';
import type { Model, Prisma, Study, StudyFinding } from '../generated/prisma/client.js';
import { type LabelProbability, probabilityIn } from '../inference/decide.js';
import type { Manifest } from '../inference/manifest.js';
import { uidsOf } from '../jobs/reportUids.js';
import type { FrameHeader } from '../pacs/header/frames.js';
import { parseInstance } from '../pacs/header/parse.js';
import type { StudyPatient } from '../pacs/header/patientIdentity.js';
import type { Code, Reference, ReportedAnswer } from '../pacs/report/report.js';
import { resultUids } from '../pacs/report/resultUids.js';
import { readSourceHeader, type SourceHeader, withKnownPatient } from '../pacs/report/sourceHeader.js';
import { labelCode } from '../pacs/report/vocabulary.js';
import { isOfUnsureKind } from '../wording/sayAnswer.js';

/** A study's answer with all that is written of it. `key`: the key slice; null where there is none. */
export type Result = {
  study: Study;
  model: Model;
  uids: ReturnType<typeof resultUids>;
  source: SourceHeader;
  answer: ReportedAnswer;
  /** Codes of all findings that the model looks for. */
  kinds: Code[];
  examined: Reference[];
  counts: { answered: number; abstained: number; failed: number };
  finding: StudyFinding | null;
  key: {
    sliceId: string;
    predictionId: string;
    reference: Reference;
    imageOrientationPatient: FrameHeader['imageOrientationPatient'];
  } | null;
};

const withSlice = {
  slice: {
    include: {
      series: { select: { seriesInstanceUid: true } },
      instance: { select: { path: true, sopClassUid: true, _count: { select: { slices: true } } } },
    },
  },
} satisfies Prisma.PredictionInclude;
type KeyPrediction = Prisma.PredictionGetPayload<{ include: typeof withSlice }>;

/**
 * Reads what is written of a study's answer. @param patient of the reports. @throws StudyNotFound where it was deleted
 * since.
 */
export async function readResult(
  context: Context,
  { studyId, modelId, revision }: { studyId: string; modelId: string; revision: number },
  patient: StudyPatient,
): Promise<Result> {
  const { prisma, receivedDir } = context;
  const study = await prisma.study.findUnique({ where: { id: studyId } });
  const model = await prisma.model.findUniqueOrThrow({ where: { id: modelId } });
  if (!study) throw new StudyNotFound('The study was deleted before its answer was written back.');
  const finding = await prisma.studyFinding.findUnique({ where: { studyId_modelId: { studyId, modelId } } });
  const predictions = await prisma.prediction.findMany({
    where: { modelId, slice: { series: { studyId }, eligible: true } },
    orderBy: [{ slice: { seriesId: 'asc' } }, { slice: { position: 'asc' } }],
    include: withSlice,
  });
  const looked = predictions.find(({ sliceId }) => sliceId === finding?.keySliceId);
  const first = looked ?? predictions[0];
  if (!first) throw new StudyNotFound('The study has no slice that was looked at.');
  const bytes = await readFile(join(receivedDir, first.slice.instance.path));
  const frame = parseInstance(bytes).frames[first.slice.frameNumber - 1];
  const manifest = context.models.manifestOf(model);
  const { codes, normalLabel } = manifest;
  const count = (status: KeyPrediction['status']) => predictions.filter((one) => one.status === status).length;
  return {
    study,
    model,
    uids: uidsOf(study, model, revision),
    source: withKnownPatient(readSourceHeader(bytes), patient),
    answer: answerOf(manifest, finding, predictions, looked ? referenceTo(looked) : null),
    kinds: model.labels.filter((one) => one !== normalLabel).map((one) => labelCode(one, codes)),
    examined: predictions.map(referenceTo),
    counts: { answered: count('CLASSIFIED'), abstained: count('ABSTAINED'), failed: count('FAILED') },
    finding,
    key: looked
      ? {
          sliceId: looked.sliceId,
          predictionId: looked.id,
          reference: referenceTo(looked),
          imageOrientationPatient: frame?.imageOrientationPatient ?? null,
        }
      : null,
  };
}

function referenceTo({ slice }: KeyPrediction): Reference {
  const { sopInstanceUid, frameNumber, series, instance } = slice;
  const single = instance._count.slices === 1;
  const { sopClassUid } = instance;
  return { sopClassUid, sopInstanceUid, seriesInstanceUid: series.seriesInstanceUid, ...(!single && { frameNumber }) };
}

function answerOf(
  { codes, normalLabel }: Pick<Manifest, 'codes' | 'normalLabel'>,
  finding: StudyFinding | null,
  predictions: readonly KeyPrediction[],
  key: Reference | null,
): ReportedAnswer {
  if (!finding)
    return { outcome: 'FAILED', failureCode: predictions.find((one) => one.failureCode)?.failureCode ?? 'UNKNOWN' };
  const label = labelCode(finding.label, codes);
  const restsOn = predictions.filter(({ sliceId }) => finding.sliceIds.includes(sliceId));
  const certain = (sure: (probabilities: LabelProbability[]) => number) =>
    restsOn.map((one) => ({ reference: referenceTo(one), confidence: sure(one.probabilities as LabelProbability[]) }));
  if (key && normalLabel !== undefined && isOfUnsureKind(finding)) {
    const mean = finding.probabilities as LabelProbability[];
    const kinds = finding.kinds.map((kind) => ({
      label: labelCode(kind, codes),
      probability: probabilityIn(mean, kind),
    }));
    const present = (probabilities: LabelProbability[]) => 1 - probabilityIn(probabilities, normalLabel);
    return { outcome: 'KIND_UNSURE', kinds, confidence: present(mean), key, slices: certain(present) };
  }
  if (finding.abstained || !key) {
    const guess = finding.label === normalLabel ? null : label; // "nothing found" is never shown as a guess
    return { outcome: 'ABSTAINED', reason: finding.abstentionReason ?? 'LOW_CONFIDENCE', guess, key };
  }
  const outcome = finding.label === normalLabel ? 'NO_FINDING' : 'FINDING';
  const slices = certain((probabilities) => probabilityIn(probabilities, finding.label));
  return { outcome, label, confidence: finding.confidence, key, slices };
}
