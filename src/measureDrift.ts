import type { Context } from './context.js';
import type { Unit } from './evaluateModel.js';
import { type Comparison, compare, type Mix } from './evaluation/drift.js';
import { type Model, Prisma } from './generated/prisma/client.js';
import { type Card, cardSchema } from './inference/card.js';
import { during, type Period } from './period.js';

/** The model's first studies here, in the order of their findings, that later ones are held against. */
export const REFERENCE_STUDIES = 100;

export type Drift = { now: Mix; reference: Mix | null; comparison: Comparison | null };

/**
 * The answers of a period against the model's first ones here. The reference's own studies are left out of the period.
 * Where fewer than REFERENCE_STUDIES have a finding there is no reference yet, and nothing to compare with.
 */
export async function measureDrift(
  { prisma }: Context,
  { model, period, unit }: { model: Model; period: Period; unit: Unit },
): Promise<Drift> {
  const last = await prisma.studyFinding.findFirst({
    where: { modelId: model.id },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    skip: REFERENCE_STUDIES - 1,
    select: { createdAt: true },
  });
  if (!last) return { now: await readMix(prisma, model.id, unit, period), reference: null, comparison: null };
  const end = new Date(last.createdAt.getTime() + 1); // stored in milliseconds
  const from = period.from !== null && period.from > end ? period.from : end;
  const [reference, now] = await Promise.all([
    readMix(prisma, model.id, unit, { from: null, to: end }),
    readMix(prisma, model.id, unit, { ...period, from }),
  ]);
  return { now, reference, comparison: now.answers > 0 ? compare(now, reference) : null };
}

type LabelSums = { label: string; count: number; confidence: number; squares: number; abstained: number };

async function readMix(prisma: Context['prisma'], modelId: string, unit: Unit, period: Period): Promise<Mix> {
  const inPeriod = during(Prisma.sql`"createdAt"`, period);
  const [studies, rows] = await Promise.all([
    prisma.$queryRaw<[{ count: number }]>`
      SELECT count(*)::int AS "count" FROM "StudyFinding" WHERE "modelId" = ${modelId} AND ${inPeriod}`,
    prisma.$queryRaw<LabelSums[]>`
      SELECT "label", count(*)::int AS "count", sum("confidence") AS "confidence", sum("confidence" ^ 2) AS "squares",
        (count(*) FILTER (WHERE ${unit === 'SLICES' ? Prisma.sql`"status" = 'ABSTAINED'` : Prisma.sql`"abstained"`}))::int AS "abstained"
      FROM ${unit === 'SLICES' ? Prisma.sql`"Prediction"` : Prisma.sql`"StudyFinding"`}
      WHERE "modelId" = ${modelId} AND ${inPeriod} AND "label" IS NOT NULL
      GROUP BY "label" ORDER BY "label"`,
  ]);
  return toMix(studies[0].count, rows);
}

function toMix(studies: number, rows: readonly LabelSums[]): Mix {
  const total = (key: Exclude<keyof LabelSums, 'label'>) => rows.reduce((sum, row) => sum + row[key], 0);
  const answers = total('count');
  const share = (part: number) => (answers > 0 ? part / answers : 0);
  const meanConfidence = share(total('confidence'));
  return {
    studies,
    answers,
    labels: rows.map(({ label, count }) => ({ label, share: share(count) })),
    meanConfidence,
    spread: Math.sqrt(Math.max(0, share(total('squares')) - meanConfidence ** 2)),
    abstentionRate: share(total('abstained')),
  };
}

export type CardMix = {
  split: string;
  slices: number;
  labels: { label: string; share: number }[];
  abstentionRate: number | null;
};

/**
 * What the card tells of the model's answers to its makers' slices: those of the split "test", else of the last. How often
 * a label was answered follows from its slices, recall and precision. Mean confidences stand on no card.
 */
export function mixOfCard(model: Model): CardMix | null {
  const { splits } = cardSchema.safeParse(model.card).data ?? cardSchema.parse({});
  const split = splits.find(({ name }) => name === 'test') ?? splits.at(-1);
  if (!split) return null;
  const called = split.perLabel.map(({ label, slices, precision, recall }) => ({
    label,
    count: precision && recall && precision.value > 0 ? (slices * recall.value) / precision.value : slices,
  }));
  const all = called.reduce((sum, { count }) => sum + count, 0);
  return {
    split: split.name,
    slices: split.slices,
    labels: all > 0 ? called.map(({ label, count }) => ({ label, share: count / all })) : [],
    abstentionRate: rateOf(split),
  };
}

function rateOf({ answered }: Card['splits'][number]): number | null {
  return answered === null ? null : 1 - answered;
}
