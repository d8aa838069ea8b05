import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { Evaluated } from '../evaluation/evaluateModel.js';
import type { Bin } from '../statistics/calibration.js';
import { Interval } from './modelCard.js';

export const EvaluationUnit = { SLICES: 'SLICES', STUDIES: 'STUDIES' } as const;

registerEnumType(EvaluationUnit, {
  name: 'EvaluationUnit',
  description: 'What is counted.',
  valuesConfig: {
    SLICES: { description: 'Reviews of predictions.' },
    STUDIES: { description: 'Reviews of studies as a whole.' },
  },
});

@ObjectType({ description: 'How well one label is told from the others, against what readers say.' })
export class LabelMetrics {
  @Field({ description: 'Of the labels of the model.' })
  label!: string;

  @Field(() => Int, { description: 'How many are of it, as the readers say.' })
  support!: number;

  @Field(() => Interval, { nullable: true, description: 'Null where it was never answered.' })
  precision!: Interval | null;

  @Field(() => Interval, { nullable: true, description: 'Sensitivity. Null where readers never found it.' })
  recall!: Interval | null;

  @Field(() => Interval, { nullable: true, description: 'Null where readers found nothing else.' })
  specificity!: Interval | null;
}

@ObjectType({ description: 'How often each truth got each answer.' })
export class ConfusionMatrix {
  @Field(() => [String], { description: 'Of the rows, and of the columns.' })
  labels!: string[];

  @Field(() => [[Int]], { description: 'A row for each truth, in it a column for each answer.' })
  counts!: number[][];
}

@ObjectType({ description: 'Answers of about one confidence. from ≤ confidence < to; the last bin holds 1 as well.' })
export class ReliabilityBin implements Bin {
  @Field(() => Float, { description: 'The least confidence in it, 0–1.' })
  from!: number;

  @Field(() => Float, { description: 'Where the next one begins.' })
  to!: number;

  @Field(() => Int, { description: 'Answers in it.' })
  count!: number;

  @Field(() => Float, { nullable: true, description: 'Null of an empty bin.' })
  meanConfidence!: number | null;

  @Field(() => Float, { nullable: true, description: 'Share of right answers. Null of an empty bin.' })
  accuracy!: number | null;
}

@ObjectType({ description: 'Whether confidences are kept: of answers at 0.9, nine in ten should be right.' })
export class Calibration {
  @Field(() => Float, {
    nullable: true,
    description:
      'Expected calibration error: the mean gap between confidence and accuracy, by 15 bins of equal width (Guo et al., ICML 2017). Null of no answers.',
  })
  ece!: number | null;

  @Field(() => [ReliabilityBin], { description: '15 of equal width, from 0 to 1.' })
  bins!: ReliabilityBin[];
}

@InputType({ description: 'How common a label is where the model is to be used.' })
export class LabelPrevalenceInput {
  @Field({ description: 'Of the labels of the model.' })
  label!: string;

  @Field(() => Float, { description: '0–1; those of all labels together no more than 1.' })
  prevalence!: number;
}

@ObjectType({
  description:
    "What an answer is worth at another prevalence, by Bayes' theorem from sensitivity and specificity (Altman and Bland, BMJ 1994;309:102), with a 95 % interval by jackknife over studies. The mix of the other labels is taken as it was reviewed.",
})
export class PredictiveValue {
  @Field({ description: 'Of the labels of the model.' })
  label!: string;

  @Field(() => Float, { description: 'As it was given, 0–1.' })
  prevalence!: number;

  @Field(() => Interval, {
    nullable: true,
    description: 'Positive: the share of answers with the label that are right.',
  })
  ppv!: Interval | null;

  @Field(() => Interval, {
    nullable: true,
    description: 'Negative: the share of all other answers that are right in that.',
  })
  npv!: Interval | null;
}

@ObjectType({
  description:
    "A model's answers against what readers say. Each reader's latest verdict of the period is one vote, and what more than half of them say is the truth. Held against it is the answer of the time when it was read. Intervals are of 95 %: of proportions Wilson's, by the number of observations that the studies are worth, which is less than that of their slices; of F1 and predictive values by jackknife over studies. Research use only – not for diagnostic use.",
})
export class Evaluation implements Pick<Evaluated, 'disputed' | 'abstained' | 'readers'> {
  @Field(() => Int, { description: 'Those on which no more than half of the readers agree: they are in no figure.' })
  disputed!: number;

  @Field(() => Int, { description: 'From how many of those with a truth the model abstained.' })
  abstained!: number;

  @Field(() => Int, { description: 'Who gave the verdicts.' })
  readers!: number;
}
