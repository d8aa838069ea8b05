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

  @Field(() => Float, { description: 'Calibrated probability of the label, 0–1.' })
  probability!: number;
}

type PredictionColumn =
  | 'id'
  | 'sliceId'
  | 'modelId'
  | 'status'
  | 'label'
  | 'confidence'
  | 'abstentionReason'
  | 'novelty';

@ObjectType({
  implements: Node,
  description: 'What one model predicts for one slice. Research use only – not for diagnostic use.',
})
export class Prediction
  implements
    Pick<PredictionRow, PredictionColumn | 'failureCode' | 'executionProvider' | 'inferenceMs' | 'createdAt' | 'shadow'>
{
  @Field(() => ID, { description: 'Global, opaque id.' })
  id!: string;

  sliceId!: string;

  modelId!: string;

  @Field(() => PredictionStatus, { description: 'Whether the model gives an answer.' })
  status!: PredictionStatus;

  @Field(() => String, {
    nullable: true,
    description:
      'The likeliest label. If the slice is likelier to show a finding than none, it is the likeliest finding. Null if the slice failed.',
  })
  label!: string | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Calibrated probability of the label, 0–1. Null if the slice failed.',
  })
  confidence!: number | null;

  @Field(() => [LabelProbability], {
    description: "Probability of every label, in the model's order. Empty if the slice failed.",
  })
  probabilities!: LabelProbability[];

  @Field(() => AbstentionReason, {
    nullable: true,
    description: 'Why the model abstains. Null if it answers or the slice failed.',
  })
  abstentionReason!: AbstentionReason | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'How unlike the training data the slice is. The model abstains above the limit in its manifest, which is 1 for ours. Null if the model has no such measure.',
  })
  novelty!: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Error code that says why the slice could not be read. Null if it was read.',
  })
  failureCode!: string | null;

  @Field({ description: 'Whether the model was a shadow when it made the prediction, so that this is not the answer.' })
  shadow!: boolean;

  @Field({ description: 'Execution provider that computed the prediction: cpu, webgpu or cuda.' })
  executionProvider!: string;

  @Field(() => Float, { description: "Milliseconds in the model, as this slice's share of its batch." })
  inferenceMs!: number;

  @Field(() => DateTimeScalar, { description: 'When the prediction was made, or made anew.' })
  createdAt!: Date;
}

@ObjectType({ description: 'A page of predictions.' })
export class PredictionConnection extends connectionOf(() => Prediction, 'Prediction') {}
