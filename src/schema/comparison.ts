import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { Compared } from '../evaluation/compareModels.js';

@ObjectType({
  description:
    "Comparison of two models on the same slices. A reader's label of a slice counts for both models, whichever model's prediction was reviewed. Research use only – not for diagnostic use.",
})
export class ModelComparison implements Compared {
  @Field(() => Int, { description: 'Number of slices that both models could read and predicted.' })
  both!: number;

  @Field(() => Int, { description: 'Number of these slices for which both models have the same likeliest label.' })
  same!: number;

  @Field(() => Int, { description: 'Number of these slices on whose label more than half of the readers agree.' })
  reviewed!: number;

  @Field(() => Int, { description: 'Number of reviewed slices that both models label as the readers do.' })
  bothRight!: number;

  @Field(() => Int, { description: 'Number of reviewed slices that only the first model labels as the readers do.' })
  onlyFirst!: number;

  @Field(() => Int, { description: 'Number of reviewed slices that only the second model labels as the readers do.' })
  onlySecond!: number;

  @Field(() => Int, { description: 'Number of reviewed slices that neither model labels as the readers do.' })
  bothWrong!: number;

  @Field(() => Float, {
    nullable: true,
    description:
      "p-value of McNemar's two-sided test with studies as clusters: the probability of a difference at least as large if the models were equally good. A study counts once, however many of its slices differ, so with fewer than six studies the value is never below 0.05. Null if nothing was reviewed.",
  })
  p!: number | null;
}
