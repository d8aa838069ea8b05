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
import { classifySlice } from '../classify/classifySlice.js';
import { renderSliceImage, type SliceView } from '../explain/renderImages.js';
import type { Prediction as PredictionRow, Slice as SliceRow } from '../generated/prisma/client.js';
import { badInput } from '../schema/connection.js';
import { Image } from '../schema/image.js';
import { Prediction } from '../schema/prediction.js';
import { DicomUidScalar } from '../schema/scalars.js';
import { Series } from '../schema/series.js';
import { Slice } from '../schema/slice.js';
import { Study } from '../schema/study.js';
import { answerOf, may, noteAccess, type Request } from './request.js';

@InputType({ description: 'Which slice to classify.' })
class ClassifySliceInput {
  @Field(() => DicomUidScalar, { description: 'SOPInstanceUID of its instance.' })
  sopInstanceUid!: string;

  @Field(() => Int, { nullable: true, defaultValue: 1, description: 'From 1.' })
  frameNumber?: number | null;

  @Field(() => ID, { nullable: true, description: 'By default the active one.' })
  model?: string | null;
}

@ObjectType({ description: 'What the model says of the slice.' })
class ClassifySlicePayload {
  @Field(() => Prediction, { description: 'The verdict, stored.' })
  prediction!: PredictionRow;
}

/** Prisma knows no list that may be null: an empty one stands for an unknown spacing, or, in the database itself, null. */
export function showSlice(row: SliceRow | Slice): Slice {
  const known = row.pixelSpacing?.length === 2;
  return known ? row : { ...row, pixelSpacing: null }; // a page has thousands: none is copied without need
}

@Resolver(() => Slice)
export class SliceResolver {
  @Query(() => Slice, { nullable: true, description: 'Null when it is not here.' })
  async slice(
    @Arg('sopInstanceUid', () => DicomUidScalar, { description: 'SOPInstanceUID of its instance.' })
    sopInstanceUid: string,
    @Arg('frameNumber', () => Int, { defaultValue: 1, description: 'From 1.' }) frameNumber: number,
    @Ctx() { context }: Request,
  ): Promise<Slice | null> {
    const where = { sopInstanceUid_frameNumber: { sopInstanceUid, frameNumber } };
    const row = await context.prisma.slice.findUnique({ where });
    return row && showSlice(row);
  }

  @Mutation(() => ClassifySlicePayload, {
    description:
      'Classifies one slice now, also of a series that is passed over; together with its series where the model reads series, whose predictions follow.',
  })
  async classifySlice(
    @Arg('input', () => ClassifySliceInput, { description: 'What to do, and to what.' }) {
      model,
      sopInstanceUid,
      frameNumber,
    }: ClassifySliceInput,
    @Ctx() request: Request,
  ): Promise<ClassifySlicePayload> {
    const slice = { sopInstanceUid, frameNumber: frameNumber ?? 1, ...(model && { modelId: model }) };
    return { prediction: await classifySlice(request.context, slice) };
  }

  @FieldResolver(() => Study, { description: 'The study that it belongs to.' })
  async study(@Root() { seriesId }: Slice, @Ctx() { loaders }: Request) {
    const series = await loaders.series.load(seriesId);
    return series && loaders.study.load(series.studyId);
  }

  @FieldResolver(() => Series, { description: 'The series that it belongs to.' })
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
    @Ctx() request: Request,
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
      request.pictureUrl(`/images/slices/${slice.id}.png${query.size > 0 ? `?${query}` : ''}`),
      Math.max(1, Math.round(slice.columns * scale)),
      Math.max(1, Math.round(slice.rows * scale)),
      async () => {
        const series = await request.loaders.series.load(slice.seriesId);
        const study = series && (await request.loaders.study.load(series.studyId));
        noteAccess(request, 'READ_PIXELS', study?.studyInstanceUid ?? null, slice.id);
        return renderSliceImage(request.context, slice.id, view);
      },
    );
  }

  @FieldResolver(() => Prediction, {
    nullable: true,
    description:
      'The stored one of the active model, or the latest of one that was active before. Where there is none it is computed and stored, all of a query together (with the others of its series, where the model reads series), for callers who may classify; not of series that are passed over, nor while a job is at the study or instances arrive. Null where there is none.',
  })
  async prediction(
    @Root() { id }: Slice,
    @Arg('model', () => ID, { nullable: true, description: 'Of this one, a shadow perhaps, and of no other.' })
    model: string | null,
    @Ctx() request: Request,
  ): Promise<PredictionRow | null> {
    const { loaders, missingPrediction, context } = request;
    const stored = answerOf(request, await loaders.predictionsOfSlice.load(id), model);
    if (stored || !may(request, 'classify')) return stored ?? null;
    return missingPrediction.load([model ?? context.models.active.model.id, id]);
  }

  @FieldResolver(() => [Prediction], { description: 'Of every model that looked at it.' })
  predictions(@Root() { id }: Slice, @Ctx() { loaders }: Request): Promise<PredictionRow[]> {
    return loaders.predictionsOfSlice.load(id);
  }
}
