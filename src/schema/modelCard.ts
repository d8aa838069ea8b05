import { Field, Float, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'A figure with its 95 % interval. The bounds are null if too little is known for them.' })
export class Interval {
  @Field(() => Float, { description: 'The figure.' })
  value!: number;

  @Field(() => Float, { nullable: true, description: 'Lower bound. Null if it was not computed.' })
  low!: number | null;

  @Field(() => Float, { nullable: true, description: 'Upper bound. Null if it was not computed.' })
  high!: number | null;
}

@ObjectType({ description: 'How well the model tells one label from the others.' })
export class CardLabel {
  @Field({ description: 'A label of the model.' })
  label!: string;

  @Field(() => Int, { description: 'Number of slices that have the label.' })
  slices!: number;

  @Field(() => Interval, { nullable: true, description: 'Share of the slices given this label that have it.' })
  precision!: Interval | null;

  @Field(() => Interval, { nullable: true, description: 'Share of the slices with this label that are given it.' })
  recall!: Interval | null;

  @Field(() => Interval, { nullable: true, description: 'Harmonic mean of precision and recall.' })
  f1!: Interval | null;
}

@ObjectType({ description: "The model's results on one set of slices that it did not learn from." })
export class CardSplit {
  @Field({
    description:
      'Name of the set, such as "test, strict part". "train, thirds kept out" is of networks trained alike, each without one third.',
  })
  name!: string;

  @Field(() => Int, { description: 'Number of slices.' })
  slices!: number;

  @Field(() => Interval, { nullable: true, description: 'Share of all slices whose likeliest label is right.' })
  accuracy!: Interval | null;

  @Field(() => Interval, { nullable: true, description: "Mean of the labels' F1." })
  macroF1!: Interval | null;

  @Field(() => Float, { nullable: true, description: 'Expected calibration error over 15 bins.' })
  ece!: number | null;

  @Field(() => Int, { nullable: true, description: 'Number of wrong answers with a confidence above 0.95.' })
  wrongAbove95!: number | null;

  @Field(() => Float, { nullable: true, description: 'Share of slices that get an answer, 0–1.' })
  answered!: number | null;

  @Field(() => Float, { nullable: true, description: 'Share of these answers that are right, 0–1.' })
  accuracyOfAnswered!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Share of the slices whose map has its peak inside the tumour's outline, of those that have an outline and are classified rightly, 0–1.",
  })
  peakInTumour!: number | null;

  @Field(() => [CardLabel], { description: 'Results for each label.' })
  perLabel!: CardLabel[];
}

@ObjectType({ description: "The model's results on a scanner's series when its case is kept out of training." })
export class CardSeries {
  @Field({ description: 'Name of the series in the data set.' })
  name!: string;

  @Field({ description: 'What is known of the series, such as "healthy".' })
  truth!: string;

  @Field(() => Int, { description: 'Number of slices.' })
  slices!: number;

  @Field(() => Int, { description: 'Number of slices that get an answer.' })
  answered!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Number of slices with 100 mm² of tumour or more. Null if nobody measured it.',
  })
  tumourSlices!: number | null;

  @Field(() => Int, { nullable: true, description: 'Number of these slices that are answered with a tumour.' })
  tumourSlicesFound!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Number of slices proven to be free of tumour. Null if nobody proved it.',
  })
  tumourFreeSlices!: number | null;

  @Field(() => Int, { nullable: true, description: 'Number of these slices that are answered with a tumour.' })
  tumourFreeSlicesCalledTumour!: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'The answer for the series as a study. Null if the model abstains.',
  })
  finding!: string | null;
}

@ObjectType({
  description: "A model's card: its makers' figures, generated with the model. Empty for a model without a card.",
})
export class ModelCard {
  @Field(() => String, { nullable: true, description: "The card as Markdown: CARD.md in the model's folder." })
  text!: string | null;

  @Field(() => [CardSplit], { description: 'Results on sets of slices that the model did not learn from.' })
  splits!: CardSplit[];

  @Field(() => [CardSeries], { description: 'Results on whole series of scanners.' })
  series!: CardSeries[];

  @Field(() => [String], { description: 'Where the model fails, and what was not measured.' })
  limits!: string[];
}
