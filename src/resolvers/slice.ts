import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  Float,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { classifySlice } from '../classifySlice.js';
import type { Prediction as PredictionRow, Slice as SliceRow } from '../generated/prisma/client.js';
import { renderSliceImage, type SliceView } from '../renderImages.js';
import { badInput } from '../schema/connection.js';
import { Image } from '../schema/image.js';
import { Prediction } from '../schema/prediction.js';
import { DicomUidScalar } from '../schema/scalars.js';
import { Series } from '../schema/series.js';
import { Slice } from '../schema/slice.js';
import { Study } from '../schema/study.js';
import { type Request, requireModel } from './request.js';

@InputType({ description: 'Which slice to classify.' })
class ClassifySliceInput {
  @Field(() => DicomUidScalar)
  sopInstanceUid!: string;

  @Field(() => Int, { nullable: true, defaultValue: 1, description: 'From 1.' })
  frameNumber?: number | null;

  @Field(() => ID, { nullable: true, description: 'By default the active one.' })
  model?: string | null;
}

@ObjectType()
class ClassifySlicePayload {
  @Field(() => Prediction)
  prediction!: PredictionRow;
}

/** Prisma knows no list that may be null: an empty one stands for an unknown spacing. */
export function showSlice(row: SliceRow): Slice {
  return { ...row, pixelSpacing: row.pixelSpacing.length === 2 ? row.pixelSpacing : null };
}

@Resolver(() => Slice)
export class SliceResolver {
  @Query(() => Slice, { nullable: true, description: 'Null when it is not here.' })
  async slice(
    @Arg('sopInstanceUid', () => DicomUidScalar) sopInstanceUid: string,
    @Arg('frameNumber', () => Int, { defaultValue: 1, description: 'From 1.' }) frameNumber: number,
    @Ctx() { program }: Request,
  ): Promise<Slice | null> {
    const where = { sopInstanceUid_frameNumber: { sopInstanceUid, frameNumber } };
    const row = await program.prisma.slice.findUnique({ where });
    return row && showSlice(row);
  }

  @Mutation(() => ClassifySlicePayload, { description: 'Classifies one slice now, whatever the series it belongs to.' })
  async classifySlice(
    @Arg('input', () => ClassifySliceInput) { model, sopInstanceUid, frameNumber }: ClassifySliceInput,
    @Ctx() request: Request,
  ): Promise<ClassifySlicePayload> {
    requireModel(request, model);
    return { prediction: await classifySlice(request.program, { sopInstanceUid, frameNumber: frameNumber ?? 1 }) };
  }

  @FieldResolver(() => Study)
  async study(@Root() { seriesId }: Slice, @Ctx() { loaders }: Request) {
    const series = await loaders.series.load(seriesId);
    return series && loaders.study.load(series.studyId);
  }

  @FieldResolver(() => Series)
  series(@Root() { seriesId }: Slice, @Ctx() { loaders }: Request) {
    return loaders.series.load(seriesId);
  }

  @FieldResolver(() => Image, { description: 'The slice through its own window, or the one given.' })
  image(
    @Root() slice: Slice,
    @Arg('size', () => Int, { nullable: true, description: 'Pixels of the longer side; by default as stored.' })
    size: number | null = null,
    @Arg('windowCenter', () => Float, { nullable: true, description: 'In modality values; needs windowWidth.' })
    windowCenter: number | null = null,
    @Arg('windowWidth', () => Float, { nullable: true, description: 'In modality values; needs windowCenter.' })
    windowWidth: number | null = null,
    @Ctx() { program, origin }: Request,
  ): Image {
    if (size !== null && (size < 16 || size > 2048)) throw badInput('`size` must be from 16 to 2048.');
    if ((windowCenter === null) !== (windowWidth === null))
      throw badInput('Give windowCenter and windowWidth, or neither.');
    if (windowWidth !== null && windowWidth < 1) throw badInput('`windowWidth` must be at least 1.');
    const view: SliceView = { size, windowCenter, windowWidth };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(view)) if (value !== null) query.set(name, String(value));
    const scale = size === null ? 1 : size / Math.max(slice.rows, slice.columns);
    return new Image(
      `${origin}/images/slices/${slice.id}.png${query.size > 0 ? `?${query}` : ''}`,
      Math.max(1, Math.round(slice.columns * scale)),
      Math.max(1, Math.round(slice.rows * scale)),
      () => renderSliceImage(program, slice.id, view),
    );
  }

  @FieldResolver(() => Prediction, { nullable: true, description: 'The stored one; null when there is none.' })
  async prediction(
    @Root() { id }: Slice,
    @Arg('model', () => ID, { nullable: true, description: 'By default the active one.' }) model: string | null,
    @Ctx() { loaders, program }: Request,
  ): Promise<PredictionRow | undefined> {
    const predictions = await loaders.predictionsOfSlice.load(id);
    return predictions.find(({ modelId }) => modelId === (model ?? program.model.id));
  }

  @FieldResolver(() => [Prediction], { description: 'Of every model that looked at it.' })
  predictions(@Root() { id }: Slice, @Ctx() { loaders }: Request): Promise<PredictionRow[]> {
    return loaders.predictionsOfSlice.load(id);
  }
}
