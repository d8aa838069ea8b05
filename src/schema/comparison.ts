import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { Compared } from '../evaluation/compareModels.js';

@ObjectType({
  description:
    'Two models on the same slices. What a reader said of a slice counts for both, whosever answer it was said of. Research use only – not for diagnostic use.',
})
export class ModelComparison implements Compared {
  @Field(() => Int, { description: 'Slices that both looked at, those left out that one of them could not read.' })
  both!: number;

  @Field(() => Int, { description: 'Of these with the same label as best guess.' })
  same!: number;

  @Field(() => Int, { description: 'Of these, those whose readers agree on what they show.' })
  reviewed!: number;

  @Field(() => Int, { description: 'Reviewed ones that both are right about.' })
  bothRight!: number;

  @Field(() => Int, { description: 'That only the first is right about.' })
  onlyFirst!: number;

  @Field(() => Int, { description: 'That only the second is right about.' })
  onlySecond!: number;

  @Field(() => Int, { description: 'That neither is right about.' })
  bothWrong!: number;

  @Field(() => Float, {
    nullable: true,
    description:
      "Of McNemar's test, two-sided, with studies as clusters: how likely a difference as large would be if the models were equally good. A study counts once, however many of its slices differ, so below six studies it is never under 0.05. Null where nothing was reviewed.",
  })
  p!: number | null;
}
