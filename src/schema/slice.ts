import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { Slice as SliceRow } from '../generated/prisma/client.js';
import { connectionOf } from './connection.js';
import { Node } from './node.js';
import { DicomUidScalar } from './scalars.js';

type Shown = 'id' | 'seriesId' | 'sopInstanceUid' | 'frameNumber' | 'instanceNumber' | 'rows' | 'columns';

@ObjectType({ implements: Node, description: 'One frame of one DICOM instance.' })
export class Slice implements Pick<SliceRow, Shown | 'sliceLocation' | 'position' | 'eligible'> {
  @Field(() => ID, { description: 'Global and opaque.' })
  id!: string;

  seriesId!: string;

  @Field(() => DicomUidScalar, { description: 'SOPInstanceUID (0008,0018) of its instance.' })
  sopInstanceUid!: string;

  @Field(() => Int, { description: 'From 1.' })
  frameNumber!: number;

  @Field(() => Int, { nullable: true, description: 'InstanceNumber; null where it is missing.' })
  instanceNumber!: number | null;

  @Field(() => Int, { description: 'Pixels.' })
  rows!: number;

  @Field(() => Int, { description: 'Pixels.' })
  columns!: number;

  @Field(() => [Float], { nullable: true, description: 'Millimetres between rows, and between columns.' })
  pixelSpacing!: number[] | null;

  @Field(() => Float, { nullable: true, description: 'Millimetres along the normal of the slice.' })
  sliceLocation!: number | null;

  @Field({ description: 'Whether it is classified with its series; a map among images is not.' })
  eligible!: boolean;

  @Field(() => Int, { description: 'Its place in the series, from 0, by location in space.' })
  position!: number;
}

@ObjectType({ description: 'A page of slices.' })
export class SliceConnection extends connectionOf(() => Slice, 'Slice') {}
