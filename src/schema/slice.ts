import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { Slice as SliceRow } from '../generated/prisma/client.js';
import { connectionOf } from './connection.js';
import { Node } from './node.js';
import { DicomUidScalar } from './scalars.js';

type SliceColumn =
  | 'id'
  | 'seriesId'
  | 'sopInstanceUid'
  | 'frameNumber'
  | 'instanceNumber'
  | 'rows'
  | 'columns'
  | 'pixelAspect';

@ObjectType({ implements: Node, description: 'One frame of one DICOM instance.' })
export class Slice implements Pick<SliceRow, SliceColumn | 'sliceLocation' | 'position' | 'eligible'> {
  @Field(() => ID, { description: 'Global, opaque id.' })
  id!: string;

  seriesId!: string;

  pixelAspect!: number;

  @Field(() => DicomUidScalar, { description: 'SOPInstanceUID (0008,0018) of the instance.' })
  sopInstanceUid!: string;

  @Field(() => Int, { description: 'Number of the frame, from 1.' })
  frameNumber!: number;

  @Field(() => Int, { nullable: true, description: 'InstanceNumber (0020,0013). Null if it is missing.' })
  instanceNumber!: number | null;

  @Field(() => Int, { description: 'Height in pixels.' })
  rows!: number;

  @Field(() => Int, { description: 'Width in pixels.' })
  columns!: number;

  @Field(() => [Float], {
    nullable: true,
    description: 'Millimetres between rows, and between columns. Null if it is not known.',
  })
  pixelSpacing!: number[] | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Millimetres along the normal of the slice. Null if it is not known.',
  })
  sliceLocation!: number | null;

  @Field({ description: 'Whether the slice is classified with its series. A computed map among images is not.' })
  eligible!: boolean;

  @Field(() => Int, { description: 'Place of the slice in its series by location in space, from 0.' })
  position!: number;
}

@ObjectType({ description: 'A page of slices.' })
export class SliceConnection extends connectionOf(() => Slice, 'Slice') {}
