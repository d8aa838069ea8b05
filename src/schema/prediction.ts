import { Field, Float, ID, ObjectType } from 'type-graphql';
import type { Prediction as PredictionRow } from '../generated/prisma/client.js';
import { AbstentionReason, PredictionStatus } from './enums.js';
import { Node } from './node.js';
import { DateTimeScalar } from './scalars.js';

@ObjectType({ description: 'The calibrated probability of one label.' })
export class LabelProbability {
  @Field()
  label!: string;

  @Field(() => Float, { description: '0–1' })
  probability!: number;
}

type Shown = 'id' | 'sliceId' | 'modelId' | 'status' | 'label' | 'confidence' | 'abstentionReason' | 'novelty';

@ObjectType({
  implements: Node,
  description: "One model's verdict on one slice. Research use only – not for diagnostic use.",
})
export class Prediction
  implements Pick<PredictionRow, Shown | 'failureCode' | 'executionProvider' | 'inferenceMs' | 'createdAt'>
{
  @Field(() => ID)
  id!: string;

  sliceId!: string;

  modelId!: string;

  @Field(() => PredictionStatus)
  status!: PredictionStatus;

  @Field(() => String, { nullable: true, description: 'The likeliest label; null when the slice failed.' })
  label!: string | null;

  @Field(() => Float, { nullable: true, description: 'Calibrated probability of the label, 0–1.' })
  confidence!: number | null;

  @Field(() => [LabelProbability], {
    description: "Of every label, in the model's order; empty when the slice failed.",
  })
  probabilities!: LabelProbability[];

  @Field(() => AbstentionReason, { nullable: true })
  abstentionReason!: AbstentionReason | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'How unlike the training data the slice is; above the limit in the manifest of the model (1 for ours) it abstains. Null where the model has no such measure.',
  })
  novelty!: number | null;

  @Field(() => String, { nullable: true, description: 'Why the slice could not be read, as an error code.' })
  failureCode!: string | null;

  @Field({ description: 'What computed it: cpu, webgpu, cuda.' })
  executionProvider!: string;

  @Field(() => Float, { description: 'Milliseconds in the model; its share of the batch.' })
  inferenceMs!: number;

  @Field(() => DateTimeScalar)
  createdAt!: Date;
}
