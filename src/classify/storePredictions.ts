import type { Context } from '../context.js';
import type { Model as ModelRow, Prediction, Prisma } from '../generated/prisma/client.js';

/**
 * What becomes of predictions that are there. KEEP: they stay. CORRECT: one that says something else is replaced, and
 * what explains it stays, for that is of the slice. REPLACE: all are made anew; `anew`: these at any rate.
 */
export type Storing = { shadow: boolean; known: 'KEEP' | 'CORRECT' | 'REPLACE'; anew?: ReadonlySet<string> };

type NewPrediction = Prisma.PredictionCreateManyInput;
type StoringParts = Pick<Context, 'metrics' | 'prisma'>;

/** Difference of confidences that counts as none: how slices share a batch moves their last digits. */
const SAME = 1e-4;
/** Predictions replaced in one transaction, which Prisma gives 5 s. */
const AT_ONCE = 50;
/** New predictions in one statement; PostgreSQL takes 32,767 values in one. */
const MOST_NEW = 1000;

/**
 * Stores the predictions of one model. What is replaced comes first: a process that is killed in between leaves the new
 * slices without, and so the series to be looked at again.
 */
export async function storePredictions(
  parts: StoringParts,
  model: ModelRow,
  rows: readonly NewPrediction[],
  storing: Storing,
): Promise<void> {
  const { prisma } = parts;
  // In one order, so that two processes at the same series do not lock each other out.
  const sorted = rows.toSorted((a, b) => (a.sliceId < b.sliceId ? -1 : 1));
  const there = await prisma.prediction.findMany({
    where: { modelId: model.id, sliceId: { in: sorted.map(({ sliceId }) => sliceId) } },
  });
  const known = new Map(there.map((prediction) => [prediction.sliceId, prediction]));
  const isAnew = ({ sliceId }: NewPrediction) => storing.known === 'REPLACE' || (storing.anew?.has(sliceId) ?? false);
  const fresh = sorted.filter(({ sliceId }) => !known.has(sliceId));
  const changed = sorted.filter((row) => {
    const before = known.get(row.sliceId);
    return before && (isAnew(row) || (storing.known === 'CORRECT' && !saysTheSame(row, before)));
  });
  for (let start = 0; start < changed.length; start += AT_ONCE)
    await replace(parts, model, changed.slice(start, start + AT_ONCE), isAnew);
  for (let start = 0; start < fresh.length; start += MOST_NEW)
    // Another process may be at it, too.
    await prisma.prediction.createMany({ data: fresh.slice(start, start + MOST_NEW), skipDuplicates: true });
  countPredictions(parts, model, [...changed, ...fresh]);
}

async function replace(
  { prisma }: StoringParts,
  model: ModelRow,
  rows: readonly NewPrediction[],
  isAnew: (row: NewPrediction) => boolean,
): Promise<void> {
  const sliceIds = rows.filter(isAnew).map(({ sliceId }) => sliceId);
  await prisma.$transaction([
    // In a statement of its own: the upserts are then PostgreSQL's (INSERT ... ON CONFLICT), so that two processes at
    // the same slice do not fail.
    prisma.explanation.deleteMany({ where: { prediction: { modelId: model.id, sliceId: { in: sliceIds } } } }),
    ...rows.map(({ sliceId, modelId, ...prediction }) =>
      prisma.prediction.upsert({
        where: { sliceId_modelId: { sliceId, modelId } },
        create: { ...prediction, sliceId, modelId },
        update: { ...prediction, createdAt: new Date() },
      }),
    ),
  ]);
}

function saysTheSame(row: NewPrediction, before: Prediction): boolean {
  const keys = ['status', 'label', 'abstentionReason', 'failureCode', 'shadow', 'withSeries'] as const;
  return (
    keys.every((key) => (row[key] ?? null) === before[key]) &&
    Math.abs((row.confidence ?? 0) - (before.confidence ?? 0)) < SAME
  );
}

function countPredictions(
  { metrics }: StoringParts,
  { name, version }: ModelRow,
  rows: readonly NewPrediction[],
): void {
  const model = `${name}@${version}`;
  for (const { status, label, abstentionReason } of rows) {
    metrics.predictions.inc({ model, label: label ?? 'none', status });
    if (abstentionReason) metrics.abstentions.inc({ model, reason: abstentionReason });
  }
}
