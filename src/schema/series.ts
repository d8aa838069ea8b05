import { Field, Int, ObjectType } from 'type-graphql';
import type { Series as SeriesRow } from '../generated/prisma/client.js';
import { Orientation } from './enums.js';
import { DicomUidScalar } from './scalars.js';

@ObjectType({ description: 'A series of a study.' })
export class Series implements Omit<SeriesRow, 'studyId'> {
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

  @Field({ description: 'Why, such as "T1 post-contrast axial" or "localizer".' })
  eligibilityReason!: string;
}
