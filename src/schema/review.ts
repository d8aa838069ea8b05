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

type Answered = 'answeredLabel' | 'answeredConfidence' | 'answerAbstained' | 'answeredAt';

@ObjectType({
  implements: Node,
  description:
    'What a reader says a slice, or a study as a whole, shows, and what the model had answered then. It is never changed; a later one of the same reader takes its place in evaluations. Research use only – not for diagnostic use.',
})
export class Review
  implements Pick<ReviewRow, 'id' | 'label' | 'comment' | 'reviewer' | 'createdAt' | 'modelId' | Answered>
{
  @Field(() => ID, { description: 'Global and opaque.' })
  id!: string;

  studyId!: string;

  predictionId!: string | null;

  modelId!: string;

  @Field({ description: 'A label of the model, as the reader chose it.' })
  label!: string;

  @Field(() => String, { nullable: true, description: 'Free text of the reader.' })
  comment!: string | null;

  @Field({ description: 'Who read it, as the server knows its callers.' })
  reviewer!: string;

  @Field({ description: "The model's likeliest label at that time; it stays when the model answers anew." })
  answeredLabel!: string;

  @Field(() => Float, { description: 'The confidence at that time, 0–1.' })
  answeredConfidence!: number;

  @Field({ description: 'Whether the model abstained at that time: the label is its guess then.' })
  answerAbstained!: boolean;

  @Field(() => DateTimeScalar, { description: 'When the model had answered.' })
  answeredAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When the reader said it.' })
  createdAt!: Date;
}

const COMMENT = 'At most 2,000 characters. Do not write who the patient is: comments are no part of the record.';

@InputType({ description: 'What a slice shows, in the eyes of a reader.' })
export class ReviewPredictionInput {
  @Field(() => ID, { description: 'The answer that was looked at.' })
  predictionId!: string;

  @Field({ description: 'Of the labels of the model.' })
  label!: string;

  @Field(() => String, { nullable: true, description: COMMENT })
  comment?: string | null;
}

@ObjectType({ description: 'What was kept.' })
export class ReviewPredictionPayload {
  @Field(() => Review, { description: 'What the reader said.' })
  review!: ReviewRow;

  @Field(() => Prediction, { description: 'What it is of.' })
  prediction!: PredictionRow;
}

@InputType({ description: 'What a study as a whole shows, in the eyes of a reader.' })
export class ReviewStudyInput {
  @Field(() => DicomUidScalar, { description: 'Of the study that was read.' })
  studyInstanceUid!: string;

  @Field({ description: 'Of the labels of the model.' })
  label!: string;

  @Field(() => String, { nullable: true, description: COMMENT })
  comment?: string | null;

  @Field(() => ID, { nullable: true, description: 'Whose finding was looked at; by default that of the active one.' })
  model?: string | null;
}

@ObjectType({ description: 'What was kept.' })
export class ReviewStudyPayload {
  @Field(() => Review, { description: 'What the reader said.' })
  review!: ReviewRow;

  @Field(() => Study, { description: 'What it is of.' })
  study!: StudyRow;
}
