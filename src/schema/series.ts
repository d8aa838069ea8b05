import { Field, Int, ObjectType } from 'type-graphql';
import type { Series as SeriesRow } from '../generated/prisma/client.js';
import { type EligibilityCode, Orientation } from './enums.js';
import { DateTimeScalar, DicomUidScalar } from './scalars.js';

@ObjectType({ description: 'A series of a study.' })
export class Series implements Omit<SeriesRow, 'studyId' | 'eligibilityParameters'> {
  id!: string;

  @Field(() => DicomUidScalar, { description: 'SeriesInstanceUID (0020,000E).' })
  seriesInstanceUid!: string;

  @Field({ description: 'Modality (0008,0060), such as MR.' })
  modality!: string;

  @Field(() => String, { nullable: true, description: 'SeriesDescription (0008,103E). Null if it is missing.' })
  description!: string | null;

  @Field(() => Int, { nullable: true, description: 'SeriesNumber (0020,0011). Null if it is missing.' })
  seriesNumber!: number | null;

  @Field(() => String, { nullable: true, description: 'BodyPartExamined (0018,0015). Null if it is missing.' })
  bodyPart!: string | null;

  @Field(() => String, { nullable: true, description: 'StationName (0008,1010). Null if it is missing.' })
  station!: string | null;

  @Field(() => Orientation, { nullable: true, description: 'Plane of the slices. Null if it is not known.' })
  orientation!: Orientation | null;

  @Field({ description: 'Whether the slices of the series are classified.' })
  eligible!: boolean;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When it was decided whether the series is classified. Null before that.',
  })
  examinedAt!: Date | null;

  eligibilityCode!: EligibilityCode | null;
}
