import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DateScalar } from './scalars.js';
import { LabelCount } from './study.js';

@ObjectType({ description: 'What came and what was answered on one day, UTC.' })
export class DayCount {
  @Field(() => DateScalar, { description: 'In UTC.' })
  day!: string;

  @Field(() => Int, { description: 'Studies that came.' })
  studies!: number;

  @Field(() => Int, { description: 'Slices that the model looked at.' })
  slices!: number;
}

@ObjectType({
  description:
    'What came and what became of it: studies by when they came, slices by when the model looked at them last. Research use only – not for diagnostic use.',
})
export class Statistics {
  @Field(() => Int, { description: 'Studies that came, whatever became of them.' })
  studies!: number;

  @Field(() => Int, { description: 'Of these, those that are FAILED.' })
  failedStudies!: number;

  @Field(() => Int, { description: 'Slices that the model looked at, those that could not be read among them.' })
  slices!: number;

  @Field(() => [LabelCount], { description: 'The commonest first. Abstentions and failures are not counted.' })
  labels!: LabelCount[];

  @Field(() => [DayCount], { description: 'The oldest first; days without either are left out.' })
  perDay!: DayCount[];

  @Field(() => Float, {
    nullable: true,
    description:
      'Of the studies that came and have a finding of the model: from receivedAt to the end of the first job that succeeded, or to the finding where no job is known. Null where there is none.',
  })
  medianSecondsToResult!: number | null;

  @Field(() => Float, { description: 'Abstentions among the slices that could be read, 0–1; 0 where there are none.' })
  abstentionRate!: number;

  @Field(() => Float, { description: 'Slices that could not be read among all, 0–1; 0 where there are none.' })
  failureRate!: number;
}
