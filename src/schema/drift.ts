import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { DriftReason as StatisticsDriftReason } from '../statistics/drift.js';

/** The values of the GraphQL enum DriftReason. */
export const DriftReason = { LABELS: 'LABELS', CONFIDENCE: 'CONFIDENCE', ABSTENTIONS: 'ABSTENTIONS' } as const;

registerEnumType(DriftReason, {
  name: 'DriftReason',
  description: "A measure by which the model's answers differ from those of the reference.",
  valuesConfig: {
    LABELS: { description: 'The mix of labels differs by a distance of 0.1 or more.' },
    CONFIDENCE: { description: 'The mean confidence differs by 0.05 or more.' },
    ABSTENTIONS: { description: 'The rate of abstentions differs by 0.1 or more.' },
  },
});

@ObjectType({ description: 'The share of answers that have a label.' })
export class LabelShare {
  @Field({ description: 'A label of the model.' })
  label!: string;

  @Field(() => Float, { description: 'Share of the answers, 0–1.' })
  share!: number;
}

@ObjectType({
  description:
    "The model's first answers to the studies that it saw for the first time in a period. The guesses of abstentions count, failures do not. If slices are evaluated, each study has the same weight, however many slices it has.",
})
export class AnswerMix {
  @Field(() => Int, { description: 'Number of studies with a first answer in the period.' })
  studies!: number;

  @Field(() => Int, { description: 'Number of slices that were answered, or of studies if studies are evaluated.' })
  answers!: number;

  @Field(() => [LabelShare], { description: 'Share of each likeliest label.' })
  labels!: readonly LabelShare[];

  @Field(() => Float, { nullable: true, description: 'Mean confidence, 0–1. Null if there are no answers.' })
  meanConfidence!: number | null;

  @Field(() => Float, { nullable: true, description: 'Share of abstentions, 0–1. Null if there are no answers.' })
  abstentionRate!: number | null;
}

@ObjectType({
  description:
    "The model's answers to its makers' slices, from the model card, which holds no mean confidence. No hospital's slices are like these, because they were chosen; so they raise no alarm.",
})
export class CardMix {
  @Field({ description: 'The split of the card: "test", or else the last one.' })
  split!: string;

  @Field(() => Int, { description: 'Number of slices in the split.' })
  slices!: number;

  @Field(() => [LabelShare], { description: 'Share of each likeliest label.' })
  labels!: LabelShare[];

  @Field(() => Float, { nullable: true, description: 'Share of abstentions, 0–1. Null if the card does not hold it.' })
  abstentionRate!: number | null;
}

@ObjectType({
  description:
    'Whether the model still answers as it did at first. The cause of a change may be the scanner, the patients or the model. Drift does not show which answers are right. Research use only – not for diagnostic use.',
})
export class Drift {
  @Field(() => AnswerMix, { description: 'Answers in the period, without the studies of the reference.' })
  now!: AnswerMix;

  @Field(() => AnswerMix, {
    nullable: true,
    description:
      "First answers to the model's first studies here. These are 100 studies, 200 once there are 800 studies in all, 400 from 1,600, and 800 from 3,200. Null with fewer than 100 studies.",
  })
  reference!: AnswerMix | null;

  @Field(() => CardMix, {
    nullable: true,
    description: 'Answers by the model card, for comparison. Null for a model without a card.',
  })
  card!: CardMix | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Total variation distance between the labels now and those of the reference: the share of answers that would have to change, 0–1.',
  })
  labelDistance!: number | null;

  @Field(() => Float, { nullable: true, description: 'Mean confidence now minus that of the reference.' })
  confidenceShift!: number | null;

  @Field(() => Float, { nullable: true, description: 'Abstention rate now minus that of the reference.' })
  abstentionShift!: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether the answers have drifted. True if the label distance reaches 0.1, the confidence shift 0.05 or the abstention shift 0.1, and a sequential test shows that this is not chance. Each study counts once in the test. If nothing changes, the probability of an alarm is 5 % at most, however often somebody looks at periods with the same beginning. Null with fewer than 30 studies now, or without a reference.',
  })
  alarm!: boolean | null;

  @Field(() => [DriftReason], { description: 'The measures that caused the alarm.' })
  reasons!: StatisticsDriftReason[];
}
