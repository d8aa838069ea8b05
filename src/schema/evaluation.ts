import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { Evaluated } from '../evaluation/evaluateModel.js';
import type { Bin } from '../statistics/calibration.js';
import { Interval } from './modelCard.js';

export const EvaluationUnit = { SLICES: 'SLICES', STUDIES: 'STUDIES' } as const;

registerEnumType(EvaluationUnit, {
  name: 'EvaluationUnit',
  description: 'What an evaluation counts.',
  valuesConfig: {
    SLICES: { description: 'Predictions of slices, against reviews of predictions.' },
    STUDIES: { description: 'Findings of studies, against reviews of studies as a whole.' },
  },
});

@ObjectType({ description: "How well the model tells one label from the others, against the readers' labels." })
export class LabelMetrics {
  @Field({ description: 'A label of the model.' })
  label!: string;

  @Field(() => Int, { description: 'Number of slices or studies that have this label by the readers.' })
  support!: number;

  @Field(() => Interval, {
    nullable: true,
    description: 'Share of answers with this label that are right. Null if the model never gave it.',
  })
  precision!: Interval | null;

  @Field(() => Interval, {
    nullable: true,
    description:
      'Sensitivity: the share of what has this label that is answered with it. Null if the readers never gave it.',
  })
  recall!: Interval | null;

  @Field(() => Interval, {
    nullable: true,
    description:
      'Share of what has another label that is answered with another label. Null if the readers gave no other.',
  })
  specificity!: Interval | null;
}

@ObjectType({ description: "How often each of the readers' labels got each answer." })
export class ConfusionMatrix {
  @Field(() => [String], { description: 'Labels of the rows, and of the columns, in their order.' })
  labels!: string[];

  @Field(() => [[Int]], {
    description: "Counts: a row for each of the readers' labels, and in it a column for each answer.",
  })
  counts!: number[][];
}

@ObjectType({ description: 'Answers with from ≤ confidence < to. The last bin includes 1.' })
export class ReliabilityBin implements Bin {
  @Field(() => Float, { description: 'Lowest confidence of the bin, 0–1.' })
  from!: number;

  @Field(() => Float, { description: 'Confidence at which the next bin begins, 0–1.' })
  to!: number;

  @Field(() => Int, { description: 'Number of answers in the bin.' })
  count!: number;

  @Field(() => Float, { nullable: true, description: 'Mean confidence of the answers, 0–1. Null for an empty bin.' })
  meanConfidence!: number | null;

  @Field(() => Float, { nullable: true, description: 'Share of right answers, 0–1. Null for an empty bin.' })
  accuracy!: number | null;
}

@ObjectType({
  description: 'Whether confidences are reliable: nine in ten answers with a confidence of 0.9 should be right.',
})
export class Calibration {
  @Field(() => Float, {
    nullable: true,
    description:
      'Expected calibration error: the mean gap between confidence and accuracy over 15 bins of equal width (Guo et al., ICML 2017). Null if there are no answers.',
  })
  ece!: number | null;

  @Field(() => [ReliabilityBin], { description: 'The 15 bins of equal width, from 0 to 1.' })
  bins!: ReliabilityBin[];
}

@InputType({ description: 'How common a label is where the model will be used.' })
export class LabelPrevalenceInput {
  @Field({ description: 'A label of the model.' })
  label!: string;

  @Field(() => Float, {
    description: 'Share of the cases that have the label, 0–1. The shares of all labels together may be 1 at most.',
  })
  prevalence!: number;
}

@ObjectType({
  description:
    "Predictive values of an answer at a given prevalence, by Bayes' theorem from sensitivity and specificity (Altman and Bland, BMJ 1994;309:102), with a 95 % interval by jackknife over studies. The other labels keep the mix in which they were reviewed.",
})
export class PredictiveValue {
  @Field({ description: 'A label of the model.' })
  label!: string;

  @Field(() => Float, { description: 'The prevalence that was given, 0–1.' })
  prevalence!: number;

  @Field(() => Interval, {
    nullable: true,
    description: 'Positive predictive value: the share of answers with the label that are right.',
  })
  ppv!: Interval | null;

  @Field(() => Interval, {
    nullable: true,
    description:
      'Negative predictive value: the share of answers with another label for which the label is indeed absent.',
  })
  npv!: Interval | null;
}

@ObjectType({
  description:
    "A model's answers against its readers' labels. Each reader's latest verdict in the period is one vote, and the truth is the label that more than half of the readers give. It is compared with the model's answer at the time of reading. Intervals are 95 % intervals. Those of proportions are Wilson's, with the number of slices reduced to the independent observations that their studies are worth. Those of F1 and predictive values are by jackknife over studies. Research use only – not for diagnostic use.",
})
export class Evaluation implements Pick<Evaluated, 'disputed' | 'abstained' | 'readers'> {
  @Field(() => Int, {
    description:
      'Number of slices or studies on which no more than half of the readers agree. No figure includes them.',
  })
  disputed!: number;

  @Field(() => Int, { description: 'Number of reviewed slices or studies for which the model abstained.' })
  abstained!: number;

  @Field(() => Int, { description: 'Number of readers who gave the verdicts.' })
  readers!: number;
}
