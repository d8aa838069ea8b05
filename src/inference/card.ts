import { z } from 'zod';

const count = z.int().min(0).nullable().default(null);
const share = z.number().nullable().default(null);
/** A figure alone, or with its 95 % interval. */
const figure = z
  .union([
    z.number().transform((value) => ({ value, low: null, high: null })),
    z.object({ value: z.number(), low: z.number().nullable(), high: z.number().nullable() }),
  ])
  .nullable()
  .default(null);

const label = z.object({
  label: z.string(),
  slices: z.int().min(0),
  precision: figure,
  recall: figure,
  f1: figure,
});

/** What manifest.json may hold under "card" for programs to read; see docs/models.md. Unknown keys are kept. */
export const cardSchema = z.looseObject({
  splits: z
    .array(
      z.looseObject({
        name: z.string(),
        slices: z.int().min(0),
        accuracy: figure,
        macroF1: figure,
        ece: share,
        wrongAbove95: count,
        answered: share,
        accuracyOfAnswered: share,
        peakInTumour: share,
        perLabel: z.array(label).default([]),
      }),
    )
    .default([]),
  series: z
    .array(
      z.looseObject({
        name: z.string(),
        truth: z.string(),
        slices: z.int().min(0),
        answered: z.int().min(0),
        tumourSlices: count,
        tumourSlicesFound: count,
        tumourFreeSlices: count,
        tumourFreeSlicesCalledTumour: count,
        finding: z.string().nullable().default(null),
      }),
    )
    .default([]),
  limits: z.array(z.string()).default([]),
  text: z.string().nullable().default(null),
});

/** The model's card: its figures on test data, and its limits. */
export type Card = z.infer<typeof cardSchema>;
