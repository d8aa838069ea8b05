import type { Context } from '../context.js';
import { type Model, Prisma } from '../generated/prisma/client.js';
import { type Card, cardSchema } from '../inference/card.js';
import { type Comparison, compareAnswers, referenceSize, type Sample } from '../statistics/drift.js';
import type { Unit } from './evaluateModel.js';
import { during, type Period } from './period.js';

export type Drift = { now: Sample; reference: Sample | null; comparison: Comparison | null };

/**
 * Compares the answers of a period with the model's first answers here (the reference), each as it was when the study
 * was answered for the first time. Studies of the reference are left out of the period. Where too few studies have an
 * answer, there is no reference yet, and nothing is compared.
 */
export async function measureDrift(
  { prisma }: Context,
  { model, period, unit }: { model: Model; period: Period; unit: Unit },
): Promise<Drift> {
  const size = referenceSize(await prisma.firstAnswer.count({ where: { modelId: model.id } }));
  const inPeriod = during(Prisma.sql`"answeredAt"`, period);
  const [reference, now] = await Promise.all([
    size === null ? null : readSample(prisma, model.id, unit, Prisma.sql`"position" <= ${size}`),
    readSample(prisma, model.id, unit, Prisma.sql`"position" > ${size ?? 0} AND ${inPeriod}`),
  ]);
  return {
    now,
    reference,
    comparison:
      reference && reference.studies > 0 && now.studies > 0 ? compareAnswers(now, reference, model.labels) : null,
  };
}

/** SQL that gives one row a study. `labels`: the number of answers with each label. */
const OF_UNIT: Record<Unit, Prisma.Sql> = {
  SLICES: Prisma.sql`"slices" AS "answers", "sliceLabels" AS "labels", "sliceConfidence" AS "confidence",
    "sliceAbstained"::float / nullif("slices", 0) AS "abstained"`,
  STUDIES: Prisma.sql`1 AS "answers", jsonb_build_object("label", 1) AS "labels", "confidence",
    "abstained"::int::float AS "abstained"`,
};

type Totals = { studies: number; answers: number; c: number; cc: number; a: number; aa: number };
type LabelSums = { label: string; sum: number; squares: number };

/**
 * Reads a sample. `which`: SQL that chooses studies by "position", from 1 in the order of first answers, and
 * "answeredAt".
 */
async function readSample(prisma: Context['prisma'], modelId: string, unit: Unit, which: Prisma.Sql): Promise<Sample> {
  const studies = Prisma.sql`
    WITH "ordered" AS (
      SELECT *, row_number() OVER (ORDER BY "answeredAt", "studyId") AS "position"
      FROM "FirstAnswer" WHERE "modelId" = ${modelId}
    ), "one" AS (
      SELECT ${OF_UNIT[unit]} FROM "ordered" WHERE ${which} AND ${unit === 'SLICES' ? Prisma.sql`"slices" > 0` : Prisma.sql`TRUE`}
    )`;
  const [[totals], labels] = await Promise.all([
    prisma.$queryRaw<[Totals]>`${studies}
      SELECT count(*)::int AS "studies", coalesce(sum("answers"), 0)::int AS "answers",
        coalesce(sum("confidence"), 0) AS "c", coalesce(sum("confidence" ^ 2), 0) AS "cc",
        coalesce(sum("abstained"), 0) AS "a", coalesce(sum("abstained" ^ 2), 0) AS "aa" FROM "one"`,
    prisma.$queryRaw<LabelSums[]>`${studies}
      SELECT "key" AS "label", sum("value"::float / "answers") AS "sum", sum(("value"::float / "answers") ^ 2) AS "squares"
      FROM "one", jsonb_each_text("labels") GROUP BY "key" ORDER BY "key"`,
  ]);
  return {
    studies: totals.studies,
    answers: totals.answers,
    labels: new Map(labels.map(({ label, sum, squares }) => [label, { sum, squares }])),
    confidence: { sum: totals.c, squares: totals.cc },
    abstentions: { sum: totals.a, squares: totals.aa },
  };
}

export type CardMix = {
  split: string;
  slices: number;
  labels: { label: string; share: number }[];
  abstentionRate: number | null;
};

/**
 * The mix of answers that the model's card states, of the split "test", else of the last split. How often a label was
 * answered follows from its number of slices, recall and precision. Cards state no mean confidence.
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
