import { ArgsType, Field, Float, ID, InputType, registerEnumType } from 'type-graphql';
import { PageArgs } from './connection.js';
import { AbstentionReason, PredictionStatus, StudyStatus } from './enums.js';
import { DateScalar, DateTimeScalar } from './scalars.js';

export const OrderDirection = { ASC: 'ASC', DESC: 'DESC' } as const;
export type OrderDirection = keyof typeof OrderDirection;
registerEnumType(OrderDirection, {
  name: 'OrderDirection',
  description: 'Which end of a list comes first.',
  valuesConfig: {
    ASC: { description: 'The smallest or oldest first.' },
    DESC: { description: 'The largest or latest first.' },
  },
});

export const StudyOrderField = { RECEIVED_AT: 'receivedAt', STUDY_DATE: 'studyDate' } as const;
registerEnumType(StudyOrderField, {
  name: 'StudyOrderField',
  description: 'What studies are ordered by.',
  valuesConfig: {
    RECEIVED_AT: { description: 'When the first instance came, or the study was requested.' },
    STUDY_DATE: { description: 'The day of the examination. Studies without one come last.' },
  },
});

@InputType({ description: 'The order of studies.' })
export class StudyOrder {
  @Field(() => StudyOrderField, {
    nullable: true,
    defaultValue: StudyOrderField.RECEIVED_AT,
    description: 'What the studies are ordered by.',
  })
  field?: (typeof StudyOrderField)[keyof typeof StudyOrderField] | null;

  @Field(() => OrderDirection, { nullable: true, defaultValue: 'DESC', description: 'Which end comes first.' })
  direction?: OrderDirection | null;
}

@InputType({
  description:
    'Conditions that a study must all meet. Those on the finding apply to the one that Study.finding shows. `label` and `minConfidence` apply to answers, or to guesses with `abstained: true`.',
})
export class StudyFilter {
  @Field(() => [StudyStatus], { nullable: true, description: 'Statuses; the study has one of them.' })
  status?: StudyStatus[] | null;

  @Field(() => [String], { nullable: true, description: 'Labels; the finding has one of them.' })
  label?: string[] | null;

  @Field(() => Float, { nullable: true, description: 'Lowest confidence of the finding, 0–1.' })
  minConfidence?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the finding is an abstention. False by default if `label` or `minConfidence` is given.',
  })
  abstained?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether a reader has reviewed the study as a whole.' })
  reviewed?: boolean | null;

  @Field(() => [String], { nullable: true, description: 'Modalities, such as MR; the study has one of them.' })
  modality?: string[] | null;

  @Field(() => DateScalar, { nullable: true, description: 'First day of examination.' })
  studyDateFrom?: string | Date | null;

  @Field(() => DateScalar, { nullable: true, description: 'Last day of examination.' })
  studyDateTo?: string | Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'First moment of receipt.' })
  receivedFrom?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'First moment that is too late for receipt.' })
  receivedTo?: Date | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Text to find in the description or at the start of the StudyInstanceUID, in upper or lower case. For callers who may see identity also in the accession number, patient name and PatientID.',
  })
  search?: string | null;
}

@InputType({
  description:
    'Conditions that a slice must all meet. Those on the prediction apply to the one that Slice.prediction shows. `label` and `minConfidence` apply to answers, unless `status` asks for abstentions.',
})
export class SliceFilter {
  @Field(() => Boolean, { nullable: true, description: 'Whether the slice is classified with its series.' })
  eligible?: boolean | null;

  @Field(() => [PredictionStatus], { nullable: true, description: 'Statuses; the prediction has one of them.' })
  status?: PredictionStatus[] | null;

  @Field(() => [String], { nullable: true, description: 'Labels; the prediction has one of them.' })
  label?: string[] | null;

  @Field(() => Float, { nullable: true, description: 'Lowest confidence of the prediction, 0–1.' })
  minConfidence?: number | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the model whose predictions count. By default the active model.',
  })
  model?: string | null;
}

@InputType({ description: 'The order of slices by their place in space.' })
export class SliceOrder {
  @Field(() => OrderDirection, { nullable: true, defaultValue: 'ASC', description: 'Which end comes first.' })
  direction?: OrderDirection | null;
}

export const PredictionOrderField = { CREATED_AT: 'createdAt', CONFIDENCE: 'confidence' } as const;
registerEnumType(PredictionOrderField, {
  name: 'PredictionOrderField',
  description: 'What predictions are ordered by.',
  valuesConfig: {
    CREATED_AT: { description: 'When the prediction was made.' },
    CONFIDENCE: { description: 'The confidence. Failed predictions come last.' },
  },
});

@InputType({ description: 'The order of predictions.' })
export class PredictionOrder {
  @Field(() => PredictionOrderField, {
    nullable: true,
    defaultValue: PredictionOrderField.CREATED_AT,
    description: 'What the predictions are ordered by.',
  })
  field?: (typeof PredictionOrderField)[keyof typeof PredictionOrderField] | null;

  @Field(() => OrderDirection, { nullable: true, defaultValue: 'DESC', description: 'Which end comes first.' })
  direction?: OrderDirection | null;
}

@InputType({
  description:
    'Conditions that a prediction must all meet. `label` and the confidences apply to answers, unless `status` or `abstentionReason` asks for abstentions.',
})
export class PredictionFilter {
  @Field(() => ID, {
    nullable: true,
    description: 'Id of the model that made the prediction. By default the active model.',
  })
  model?: string | null;

  @Field(() => [PredictionStatus], { nullable: true, description: 'Statuses; the prediction has one of them.' })
  status?: PredictionStatus[] | null;

  @Field(() => [String], { nullable: true, description: 'Labels; the prediction has one of them.' })
  label?: string[] | null;

  @Field(() => [AbstentionReason], { nullable: true, description: 'Reasons; the prediction abstains for one of them.' })
  abstentionReason?: AbstentionReason[] | null;

  @Field(() => Float, { nullable: true, description: 'Lowest confidence, 0–1.' })
  minConfidence?: number | null;

  @Field(() => Float, { nullable: true, description: 'Highest confidence, 0–1.' })
  maxConfidence?: number | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether a reader has reviewed the prediction.' })
  reviewed?: boolean | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'First moment at which the prediction was made.' })
  createdFrom?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'First moment that is too late for the prediction.' })
  createdTo?: Date | null;
}

export const JobOrderField = { CREATED_AT: 'createdAt', FINISHED_AT: 'finishedAt' } as const;
registerEnumType(JobOrderField, {
  name: 'JobOrderField',
  description: 'What jobs are ordered by.',
  valuesConfig: {
    CREATED_AT: { description: 'When the job was first queued.' },
    FINISHED_AT: { description: 'When the job ended. Jobs that have not ended come last.' },
  },
});

@InputType({ description: 'The order of jobs.' })
export class JobOrder {
  @Field(() => JobOrderField, {
    nullable: true,
    defaultValue: JobOrderField.CREATED_AT,
    description: 'What the jobs are ordered by.',
  })
  field?: (typeof JobOrderField)[keyof typeof JobOrderField] | null;

  @Field(() => OrderDirection, { nullable: true, defaultValue: 'DESC', description: 'Which end comes first.' })
  direction?: OrderDirection | null;
}

/** Arguments of a page of slices. */
@ArgsType()
export class SlicePageArgs extends PageArgs {
  @Field(() => SliceFilter, {
    nullable: true,
    description: 'Conditions that the slices must meet. By default all slices.',
  })
  filter?: SliceFilter | null;

  @Field(() => SliceOrder, {
    nullable: true,
    description: 'Order of the slices. By default from the lower end.',
  })
  orderBy?: SliceOrder | null;
}
