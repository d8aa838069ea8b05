import { Field, Int, ObjectType } from 'type-graphql';
import type { Series as SeriesRow } from '../generated/prisma/client.js';
import { type EligibilityCode, Orientation } from './enums.js';
import { DateTimeScalar, DicomUidScalar } from './scalars.js';

@ObjectType({ description: 'A series of a study.' })
export class Series implements Omit<SeriesRow, 'studyId' | 'eligibilityParameters'> {
  id!: string;

  @Field(() => DicomUidScalar, { description: 'SeriesInstanceUID (0020,000E).' })
  seriesInstanceUid!: string;

  @Field({ description: 'DICOM Modality, such as MR.' })
  modality!: string;

  @Field(() => String, { nullable: true, description: 'SeriesDescription.' })
  description!: string | null;

  @Field(() => Int, { nullable: true, description: 'SeriesNumber.' })
  seriesNumber!: number | null;

  @Field(() => String, { nullable: true, description: 'BodyPartExamined.' })
  bodyPart!: string | null;

  @Field(() => String, { nullable: true, description: 'StationName.' })
  station!: string | null;

  @Field(() => Orientation, { nullable: true, description: 'Null where the slices tell no plane.' })
  orientation!: Orientation | null;

  @Field({ description: 'Whether its slices are classified, or it is passed over.' })
  eligible!: boolean;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When it was decided whether it is classified; null before that.',
  })
  examinedAt!: Date | null;

  eligibilityCode!: EligibilityCode | null;
}
