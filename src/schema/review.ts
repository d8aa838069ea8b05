import { Field, Float, ID, InputType, ObjectType } from 'type-graphql';
import type {
  Prediction as PredictionRow,
  Review as ReviewRow,
  Study as StudyRow,
} from '../generated/prisma/client.js';
import { Node } from './node.js';
import { Prediction } from './prediction.js';
import { DateTimeScalar, DicomUidScalar } from './scalars.js';
import { Study } from './study.js';

type AnswerColumn = 'answeredLabel' | 'answeredConfidence' | 'answerAbstained' | 'answeredAt';

@ObjectType({
  implements: Node,
  description:
    "A reader's label for a slice, or for a study as a whole, with the model's answer at that time. A review never changes; in evaluations the same reader's later review takes its place. Research use only – not for diagnostic use.",
})
export class Review
  implements Pick<ReviewRow, 'id' | 'label' | 'comment' | 'reviewer' | 'createdAt' | 'modelId' | AnswerColumn>
{
  @Field(() => ID, { description: 'Global, opaque id.' })
  id!: string;

  studyId!: string;

  predictionId!: string | null;

  modelId!: string;

  @Field({ description: 'The label of the model that the reader chose.' })
  label!: string;

  @Field(() => String, { nullable: true, description: 'Free text by the reader.' })
  comment!: string | null;

  @Field({ description: "The reader's subject, as the server knows its callers." })
  reviewer!: string;

  @Field({ description: "The model's likeliest label at that time. It stays when the model answers anew." })
  answeredLabel!: string;

  @Field(() => Float, { description: "The model's confidence at that time, 0–1." })
  answeredConfidence!: number;

  @Field({ description: 'Whether the model abstained at that time, so that the label was its guess.' })
  answerAbstained!: boolean;

  @Field(() => DateTimeScalar, { description: 'When the model had made that answer.' })
  answeredAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When the reader gave the review.' })
  createdAt!: Date;
}

const COMMENT =
  'Free text of 2,000 characters at most. Do not name the patient: comments are not part of the medical record.';

@InputType({ description: "A reader's label for a slice." })
export class ReviewPredictionInput {
  @Field(() => ID, { description: 'Id of the prediction that the reader looked at.' })
  predictionId!: string;

  @Field({ description: 'A label of the model.' })
  label!: string;

  @Field(() => String, { nullable: true, description: COMMENT })
  comment?: string | null;
}

@ObjectType({ description: 'The stored review.' })
export class ReviewPredictionPayload {
  @Field(() => Review, { description: 'The review that was stored.' })
  review!: ReviewRow;

  @Field(() => Prediction, { description: 'The prediction that was reviewed.' })
  prediction!: PredictionRow;
}

@InputType({ description: "A reader's label for a study as a whole." })
export class ReviewStudyInput {
  @Field(() => DicomUidScalar, { description: 'StudyInstanceUID of the study that was read.' })
  studyInstanceUid!: string;

  @Field({ description: 'A label of the model.' })
  label!: string;

  @Field(() => String, { nullable: true, description: COMMENT })
  comment?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the model whose finding the reader looked at. By default the active model.',
  })
  model?: string | null;
}

@ObjectType({ description: 'The stored review.' })
export class ReviewStudyPayload {
  @Field(() => Review, { description: 'The review that was stored.' })
  review!: ReviewRow;

  @Field(() => Study, { description: 'The study that was reviewed.' })
  study!: StudyRow;
}
