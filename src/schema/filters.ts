import { Field, Float, ID, InputType, registerEnumType } from 'type-graphql';
import { AbstentionReason, PredictionStatus, StudyStatus } from './enums.js';
import { DateScalar, DateTimeScalar } from './scalars.js';

export const OrderDirection = { ASC: 'ASC', DESC: 'DESC' } as const;
export type OrderDirection = keyof typeof OrderDirection;
registerEnumType(OrderDirection, {
  name: 'OrderDirection',
  description: 'Which end of a list comes first.',
  valuesConfig: { ASC: { description: 'The smallest, or oldest.' }, DESC: { description: 'The largest, or latest.' } },
});

export const StudyOrderField = { RECEIVED_AT: 'receivedAt', STUDY_DATE: 'studyDate' } as const;
registerEnumType(StudyOrderField, {
  name: 'StudyOrderField',
  description: 'What studies are ordered by.',
  valuesConfig: {
    RECEIVED_AT: { description: 'When the first instance came, or it was asked for.' },
    STUDY_DATE: { description: 'The day of the examination; those without one come last.' },
  },
});

@InputType({ description: 'The order of studies.' })
export class StudyOrder {
  @Field(() => StudyOrderField, { nullable: true, defaultValue: StudyOrderField.RECEIVED_AT, description: 'By what.' })
  field?: (typeof StudyOrderField)[keyof typeof StudyOrderField] | null;

  @Field(() => OrderDirection, { nullable: true, defaultValue: 'DESC', description: 'From which end.' })
  direction?: OrderDirection | null;
}

@InputType({
  description:
    'Which studies; all that is given must fit. It acts on the finding that Study.finding shows. Label and confidence are those of answers; with `abstained: true` they are those of guesses.',
})
export class StudyFilter {
  @Field(() => [StudyStatus], { nullable: true, description: 'One of these.' })
  status?: StudyStatus[] | null;

  @Field(() => [String], { nullable: true, description: 'The label of its finding is one of these.' })
  label?: string[] | null;

  @Field(() => Float, { nullable: true, description: 'The confidence of its finding is this at least, 0–1.' })
  minConfidence?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether its finding abstains. False, where this is not given and label or minConfidence is.',
  })
  abstained?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether a reader said what it shows as a whole.' })
  reviewed?: boolean | null;

  @Field(() => [String], { nullable: true, description: 'One of these is among its modalities, such as MR.' })
  modality?: string[] | null;

  @Field(() => DateScalar, { nullable: true, description: 'Examined on this day or later.' })
  studyDateFrom?: string | Date | null;

  @Field(() => DateScalar, { nullable: true, description: 'Examined on this day or before.' })
  studyDateTo?: string | Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Received then or later.' })
  receivedFrom?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Received before.' })
  receivedTo?: Date | null;

  @Field(() => String, {
    nullable: true,
    description:
      'In its description, or its StudyInstanceUID; for callers who may see identity also in accession number, patient name and PatientID. In any case.',
  })
  search?: string | null;
}

@InputType({
  description:
    'Which slices; all that is given must fit. It acts on the prediction that Slice.prediction shows. Label and confidence are those of answers, unless `status` asks for abstentions.',
})
export class SliceFilter {
  @Field(() => Boolean, { nullable: true, description: 'Whether they are classified with their series.' })
  eligible?: boolean | null;

  @Field(() => [PredictionStatus], { nullable: true, description: 'Their prediction has one of these.' })
  status?: PredictionStatus[] | null;

  @Field(() => [String], { nullable: true, description: 'Their prediction has one of these.' })
  label?: string[] | null;

  @Field(() => Float, { nullable: true, description: 'The confidence of their prediction is this at least, 0–1.' })
  minConfidence?: number | null;

  @Field(() => ID, { nullable: true, description: 'Whose predictions count; by default those of the active model.' })
  model?: string | null;
}

@InputType({ description: 'The order of slices: by their place in space.' })
export class SliceOrder {
  @Field(() => OrderDirection, { nullable: true, defaultValue: 'ASC', description: 'From which end.' })
  direction?: OrderDirection | null;
}

export const PredictionOrderField = { CREATED_AT: 'createdAt', CONFIDENCE: 'confidence' } as const;
registerEnumType(PredictionOrderField, {
  name: 'PredictionOrderField',
  description: 'What predictions are ordered by.',
  valuesConfig: {
    CREATED_AT: { description: 'When they were made.' },
    CONFIDENCE: { description: 'How sure they are; failed ones come last.' },
  },
});

@InputType({ description: 'The order of predictions.' })
export class PredictionOrder {
  @Field(() => PredictionOrderField, {
    nullable: true,
    defaultValue: PredictionOrderField.CREATED_AT,
    description: 'By what.',
  })
  field?: (typeof PredictionOrderField)[keyof typeof PredictionOrderField] | null;

  @Field(() => OrderDirection, { nullable: true, defaultValue: 'DESC', description: 'From which end.' })
  direction?: OrderDirection | null;
}

@InputType({
  description:
    'Which predictions; all that is given must fit. Label and confidence are those of answers, unless `status` or `abstentionReason` asks for abstentions.',
})
export class PredictionFilter {
  @Field(() => ID, { nullable: true, description: 'Whose; by default those of the active model.' })
  model?: string | null;

  @Field(() => [PredictionStatus], { nullable: true, description: 'One of these.' })
  status?: PredictionStatus[] | null;

  @Field(() => [String], { nullable: true, description: 'One of these.' })
  label?: string[] | null;

  @Field(() => [AbstentionReason], { nullable: true, description: 'One of these.' })
  abstentionReason?: AbstentionReason[] | null;

  @Field(() => Float, { nullable: true, description: 'This at least, 0–1.' })
  minConfidence?: number | null;

  @Field(() => Float, { nullable: true, description: 'This at most, 0–1.' })
  maxConfidence?: number | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether a reader said what its slice shows.' })
  reviewed?: boolean | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Made then or later.' })
  createdFrom?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Made before.' })
  createdTo?: Date | null;
}

export const JobOrderField = { CREATED_AT: 'createdAt', FINISHED_AT: 'finishedAt' } as const;
registerEnumType(JobOrderField, {
  name: 'JobOrderField',
  description: 'What jobs are ordered by.',
  valuesConfig: {
    CREATED_AT: { description: 'When they were queued.' },
    FINISHED_AT: { description: 'When they ended; those that have not come last.' },
  },
});

@InputType({ description: 'The order of jobs.' })
export class JobOrder {
  @Field(() => JobOrderField, { nullable: true, defaultValue: JobOrderField.CREATED_AT, description: 'By what.' })
  field?: (typeof JobOrderField)[keyof typeof JobOrderField] | null;

  @Field(() => OrderDirection, { nullable: true, defaultValue: 'DESC', description: 'From which end.' })
  direction?: OrderDirection | null;
}
