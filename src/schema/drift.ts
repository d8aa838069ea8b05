import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { DriftReason as Reason } from '../statistics/drift.js';

export const DriftReason = { LABELS: 'LABELS', CONFIDENCE: 'CONFIDENCE', ABSTENTIONS: 'ABSTENTIONS' } as const;

registerEnumType(DriftReason, {
  name: 'DriftReason',
  description: 'In what the answers are not as they were.',
  valuesConfig: {
    LABELS: { description: 'The mix of labels: a distance of 0.1 or more.' },
    CONFIDENCE: { description: 'The mean confidence: a difference of 0.05 or more.' },
    ABSTENTIONS: { description: 'The rate of abstentions: a difference of 0.1 or more.' },
  },
});

@ObjectType({ description: 'The part of the answers that a label has.' })
export class LabelShare {
  @Field({ description: 'Of the labels of the model.' })
  label!: string;

  @Field(() => Float, { description: '0–1' })
  share!: number;
}

@ObjectType({
  description:
    'What the model answered to the studies that it saw for the first time in that time, as it did then. Guesses of abstentions are counted, failures are not. Of slices, each study weighs the same, however many it has.',
})
export class AnswerMix {
  @Field(() => Int, { description: 'With a first answer in that time.' })
  studies!: number;

  @Field(() => Int, { description: 'Slices, or studies where these are evaluated.' })
  answers!: number;

  @Field(() => [LabelShare], { description: 'Of the likeliest labels.' })
  labels!: readonly LabelShare[];

  @Field(() => Float, { nullable: true, description: 'Null of no answers.' })
  meanConfidence!: number | null;

  @Field(() => Float, { nullable: true, description: 'Null of no answers.' })
  abstentionRate!: number | null;
}

@ObjectType({
  description:
    "What the model answered to its makers' slices, by its card; it tells no mean confidence. These slices were chosen, so no hospital's are like them: it raises no alarm.",
})
export class CardMix {
  @Field({ description: 'Of the card: "test", or the last.' })
  split!: string;

  @Field(() => Int, { description: 'How many there are in it.' })
  slices!: number;

  @Field(() => [LabelShare], { description: 'Of the likeliest labels.' })
  labels!: LabelShare[];

  @Field(() => Float, { nullable: true, description: 'Null where the card does not tell.' })
  abstentionRate!: number | null;
}

@ObjectType({
  description:
    'Whether the model answers as it did at first. A change may lie in the scanner, in the patients or in the model; it tells nothing of who is right. Research use only – not for diagnostic use.',
})
export class Drift {
  @Field(() => AnswerMix, { description: 'In the period, without the studies of the reference.' })
  now!: AnswerMix;

  @Field(() => AnswerMix, {
    nullable: true,
    description:
      "The model's first studies here, by their first answers: 100, from 800 studies in all 200, from 1,600 400, from 3,200 800. Null with fewer than 100.",
  })
  reference!: AnswerMix | null;

  @Field(() => CardMix, { nullable: true, description: 'For comparison; null for a model without a card.' })
  card!: CardMix | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Of the labels now from those of the reference: total variation, the share of answers that would have to change, 0–1.',
  })
  labelDistance!: number | null;

  @Field(() => Float, { nullable: true, description: 'Mean confidence now less that of the reference.' })
  confidenceShift!: number | null;

  @Field(() => Float, { nullable: true, description: 'Rate of abstentions now less that of the reference.' })
  abstentionShift!: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'True where a label distance of 0.1, a confidence shift of 0.05 or an abstention shift of 0.1 is reached or passed and is no chance: each study counts once, however many slices it has, and where nothing changes the chance of any alarm, ever, is 5 % at most, however often one looks (a sequential test, of periods of one beginning). Null with fewer than 30 studies now, or without a reference: nobody can tell.',
  })
  alarm!: boolean | null;

  @Field(() => [DriftReason], { description: 'What the alarm is for.' })
  reasons!: Reason[];
}
