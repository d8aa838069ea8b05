import { Field, Float, ID, ObjectType } from 'type-graphql';
import type { Prediction as PredictionRow } from '../generated/prisma/client.js';
import { connectionOf } from './connection.js';
import { AbstentionReason, PredictionStatus } from './enums.js';
import { Node } from './node.js';
import { DateTimeScalar } from './scalars.js';

@ObjectType({ description: 'The calibrated probability of one label.' })
export class LabelProbability {
  @Field({ description: 'A label of the model.' })
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
  implements Pick<PredictionRow, Shown | 'failureCode' | 'executionProvider' | 'inferenceMs' | 'createdAt' | 'shadow'>
{
  @Field(() => ID, { description: 'Global and opaque.' })
  id!: string;

  sliceId!: string;

  modelId!: string;

  @Field(() => PredictionStatus, { description: 'Whether there is an answer.' })
  status!: PredictionStatus;

  @Field(() => String, {
    nullable: true,
    description:
      'The likeliest label; of a finding that is likelier than none, the likeliest kind; null when the slice failed.',
  })
  label!: string | null;

  @Field(() => Float, { nullable: true, description: 'Calibrated probability of the label, 0–1.' })
  confidence!: number | null;

  @Field(() => [LabelProbability], {
    description: "Of every label, in the model's order; empty when the slice failed.",
  })
  probabilities!: LabelProbability[];

  @Field(() => AbstentionReason, {
    nullable: true,
    description: 'Why there is no answer; null where there is one, or the slice failed.',
  })
  abstentionReason!: AbstentionReason | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'How unlike the training data the slice is; above the limit in the manifest of the model (1 for ours) it abstains. Null where the model has no such measure.',
  })
  novelty!: number | null;

  @Field(() => String, { nullable: true, description: 'Why the slice could not be read, as an error code.' })
  failureCode!: string | null;

  @Field({ description: 'Whether its model was on trial when it was computed: then it is no answer.' })
  shadow!: boolean;

  @Field({ description: 'What computed it: cpu, webgpu, cuda.' })
  executionProvider!: string;

  @Field(() => Float, { description: 'Milliseconds in the model; its share of the batch.' })
  inferenceMs!: number;

  @Field(() => DateTimeScalar, { description: 'When it was computed; again when it was made anew.' })
  createdAt!: Date;
}

@ObjectType({ description: 'A page of a list.' })
export class PredictionConnection extends connectionOf(() => Prediction, 'Prediction') {}
