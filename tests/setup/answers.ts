import type { Context } from '../../src/context.js';
import type { Model, Prediction } from '../../src/generated/prisma/client.js';

export type AnswerOf = {
  label: string | null;
  confidence?: number;
  status?: 'CLASSIFIED' | 'ABSTAINED' | 'FAILED';
};

/** A model that never ran, with answers of its own: no test's figures mix with another's. */
export function addModel({ prisma }: Context, version: string, card: object = {}): Promise<Model> {
  const labels = ['glioma', 'meningioma', 'no_tumor', 'pituitary'];
  return prisma.model.create({ data: { name: 'evaluated', version, sha256: 'none', labels, layers: [], card } });
}

let studies = 0;

/** A study that came at `receivedAt`, with a slice and a prediction for each answer, and the first one as its finding. */
export async function addAnswers(
  { prisma }: Context,
  modelId: string,
  receivedAt: Date,
  answers: readonly AnswerOf[],
): Promise<{ studyId: string; studyInstanceUid: string; predictions: Prediction[] }> {
  const studyInstanceUid = `1.9.${++studies}`;
  const study = await prisma.study.create({
    data: { studyInstanceUid, modalities: ['MR'], receivedAt, status: 'CLASSIFIED' },
  });
  const series = await prisma.series.create({
    data: { studyId: study.id, seriesInstanceUid: `${studyInstanceUid}.1`, modality: 'MR' },
  });
  const file = { sopClassUid: '1', transferSyntaxUid: '1', path: 'none', sha256: 'none', bytes: 0 };
  const instance = await prisma.instance.create({
    data: { ...file, seriesId: series.id, sopInstanceUid: `${studyInstanceUid}.1.1` },
  });
  const predictions: Prediction[] = [];
  for (const [index, { label, confidence = 0.9, status = 'CLASSIFIED' }] of answers.entries()) {
    const { sopInstanceUid } = instance;
    const slice = await prisma.slice.create({
      data: {
        instanceId: instance.id,
        seriesId: series.id,
        sopInstanceUid,
        frameNumber: index + 1,
        rows: 1,
        columns: 1,
      },
    });
    const answer = {
      label,
      confidence: label === null ? null : confidence,
      status,
      probabilities: [],
      createdAt: receivedAt,
    };
    predictions.push(
      await prisma.prediction.create({
        data: { ...answer, sliceId: slice.id, modelId, executionProvider: 'cpu', inferenceMs: 0 },
      }),
    );
  }
  const [first] = answers;
  if (first?.label)
    await prisma.studyFinding.create({
      data: {
        studyId: study.id,
        modelId,
        label: first.label,
        confidence: first.confidence ?? 0.9,
        abstained: first.status === 'ABSTAINED',
        sliceCounts: [],
        createdAt: receivedAt,
      },
    });
  return { studyId: study.id, studyInstanceUid, predictions };
}
