import { Field, Float, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'A figure with its 95 % interval, without bounds where too little is known for one.' })
export class Interval {
  @Field(() => Float, { description: 'The figure.' })
  value!: number;

  @Field(() => Float, { nullable: true, description: 'Lower end; null where it was not computed.' })
  low!: number | null;

  @Field(() => Float, { nullable: true, description: 'Upper end; null where it was not computed.' })
  high!: number | null;
}

@ObjectType({ description: 'How well one label is told from the others.' })
export class CardLabel {
  @Field({ description: 'A label of the model.' })
  label!: string;

  @Field(() => Int, { description: 'How many slices are of it.' })
  slices!: number;

  @Field(() => Interval, { nullable: true, description: 'Share of slices given this label that are of it.' })
  precision!: Interval | null;

  @Field(() => Interval, { nullable: true, description: 'Share of slices of this label that are given it.' })
  recall!: Interval | null;

  @Field(() => Interval, { nullable: true, description: 'Harmonic mean of precision and recall.' })
  f1!: Interval | null;
}

@ObjectType({ description: 'What the model does on one set of slices that it did not learn from.' })
export class CardSplit {
  @Field({
    description:
      'Such as "test, strict part"; "train, thirds kept out" is of networks trained alike, each without a third.',
  })
  name!: string;

  @Field(() => Int, { description: 'How many there are.' })
  slices!: number;

  @Field(() => Interval, { nullable: true, description: 'Share of all slices whose likeliest label is right.' })
  accuracy!: Interval | null;

  @Field(() => Interval, { nullable: true, description: 'Mean of the F1 of the labels.' })
  macroF1!: Interval | null;

  @Field(() => Float, { nullable: true, description: 'Expected calibration error, 15 bins.' })
  ece!: number | null;

  @Field(() => Int, { nullable: true, description: 'Wrong answers with a confidence above .95.' })
  wrongAbove95!: number | null;

  @Field(() => Float, { nullable: true, description: 'Share of slices that get an answer.' })
  answered!: number | null;

  @Field(() => Float, { nullable: true, description: 'Share of these answers that are right.' })
  accuracyOfAnswered!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Share of rightly classified slices with an outline whose map has its peak inside the outline.',
  })
  peakInTumour!: number | null;

  @Field(() => [CardLabel], { description: 'Its figures label by label.' })
  perLabel!: CardLabel[];
}

@ObjectType({ description: 'What the model does on a series of a scanner, when its case is kept out of training.' })
export class CardSeries {
  @Field({ description: 'Its name in the data set.' })
  name!: string;

  @Field({ description: 'What is known of it, such as "healthy".' })
  truth!: string;

  @Field(() => Int, { description: 'How many it has.' })
  slices!: number;

  @Field(() => Int, { description: 'Slices that got an answer.' })
  answered!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Slices with 100 mm² of tumour or more; null where nobody measured.',
  })
  tumourSlices!: number | null;

  @Field(() => Int, { nullable: true, description: 'Of these, answered with a tumour.' })
  tumourSlicesFound!: number | null;

  @Field(() => Int, { nullable: true, description: 'Slices proven to be free of tumour; null where nobody proved it.' })
  tumourFreeSlices!: number | null;

  @Field(() => Int, { nullable: true, description: 'Of these, answered with a tumour.' })
  tumourFreeSlicesCalledTumour!: number | null;

  @Field(() => String, { nullable: true, description: 'The answer for the series as a study; null when it abstains.' })
  finding!: string | null;
}

@ObjectType({
  description: "What is known of a model: its makers' figures, generated with it. Empty for a model without a card.",
})
export class ModelCard {
  @Field(() => String, { nullable: true, description: 'The card for people: CARD.md in the folder of the model.' })
  text!: string | null;

  @Field(() => [CardSplit], { description: 'Its figures on sets of slices that it did not learn from.' })
  splits!: CardSplit[];

  @Field(() => [CardSeries], { description: 'What it does on whole series of scanners.' })
  series!: CardSeries[];

  @Field(() => [String], { description: 'Where it fails, and what was not measured.' })
  limits!: string[];
}
