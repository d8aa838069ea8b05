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
import { renderSliceImage, type SliceRendering } from '../explain/renderImages.js';
import type { Prediction as PredictionRow, Slice as SliceRow } from '../generated/prisma/client.js';
import { squareSize } from '../images/squarePixels.js';
import { badInput } from '../schema/connection.js';
import { Image } from '../schema/image.js';
import { Prediction } from '../schema/prediction.js';
import { DicomUidScalar } from '../schema/scalars.js';
import { Series } from '../schema/series.js';
import { Slice } from '../schema/slice.js';
import { Study } from '../schema/study.js';
import { answerOf, may, noteAccess, type Request } from './request.js';

@InputType({ description: 'A slice to classify.' })
class ClassifySliceInput {
  @Field(() => DicomUidScalar, { description: 'SOPInstanceUID (0008,0018) of the instance.' })
  sopInstanceUid!: string;

  @Field(() => Int, { nullable: true, defaultValue: 1, description: 'Number of the frame, from 1.' })
  frameNumber?: number | null;

  @Field(() => ID, { nullable: true, description: 'Id of the model. By default the active model.' })
  model?: string | null;
}

@ObjectType({ description: "The model's prediction for the slice." })
class ClassifySlicePayload {
  @Field(() => Prediction, { description: 'The prediction, which is stored.' })
  prediction!: PredictionRow;
}

/** The slice of a row. A Prisma list cannot be null, so its unknown spacing is an empty list; raw rows have null. */
export function showSlice(row: SliceRow | Slice): Slice {
  const known = row.pixelSpacing?.length === 2;
  return known ? row : { ...row, pixelSpacing: null }; // rows are copied only if needed: a page has thousands
}

@Resolver(() => Slice)
export class SliceResolver {
  @Query(() => Slice, { nullable: true, description: 'A slice by its instance and frame. Null if it is not here.' })
  async slice(
    @Arg('sopInstanceUid', () => DicomUidScalar, { description: 'SOPInstanceUID (0008,0018) of the instance.' })
    sopInstanceUid: string,
    @Arg('frameNumber', () => Int, { defaultValue: 1, description: 'Number of the frame, from 1.' })
    frameNumber: number,
    @Ctx() { context }: Request,
  ): Promise<Slice | null> {
    const where = { sopInstanceUid_frameNumber: { sopInstanceUid, frameNumber } };
    const row = await context.prisma.slice.findUnique({ where });
    return row && showSlice(row);
  }

  @Mutation(() => ClassifySlicePayload, {
    description:
      'Classifies a slice now, even if its series is passed over. If the model reads whole series, the predictions of the other slices follow.',
  })
  async classifySlice(
    @Arg('input', () => ClassifySliceInput, { description: 'The slice and the model.' }) {
      model,
      sopInstanceUid,
      frameNumber,
    }: ClassifySliceInput,
    @Ctx() request: Request,
  ): Promise<ClassifySlicePayload> {
    const slice = { sopInstanceUid, frameNumber: frameNumber ?? 1, ...(model && { modelId: model }) };
    return { prediction: await classifySlice(request.context, slice) };
  }

  @FieldResolver(() => Study, { description: 'The study that the slice belongs to.' })
  async study(@Root() { seriesId }: Slice, @Ctx() { loaders }: Request) {
    const series = await loaders.series.load(seriesId);
    return series && loaders.study.load(series.studyId);
  }

  @FieldResolver(() => Series, { description: 'The series that the slice belongs to.' })
  series(@Root() { seriesId }: Slice, @Ctx() { loaders }: Request) {
    return loaders.series.load(seriesId);
  }

  @FieldResolver(() => Image, { description: 'The slice as a picture through its own VOI window, or the one given.' })
  image(
    @Root() slice: Slice,
    @Arg('size', () => Int, {
      nullable: true,
      description: 'Length of the longer side in pixels, 16–2048. By default as stored.',
    })
    size: number | null = null,
    @Arg('windowCenter', () => Float, {
      nullable: true,
      description: 'Centre of the VOI window in modality values. It needs windowWidth.',
    })
    windowCenter: number | null = null,
    @Arg('windowWidth', () => Float, {
      nullable: true,
      description: 'Width of the VOI window in modality values. It needs windowCenter.',
    })
    windowWidth: number | null = null,
    @Ctx() request: Request,
  ): Image {
    if (size !== null && (size < 16 || size > 2048)) throw badInput('`size` must be from 16 to 2048.');
    if ((windowCenter === null) !== (windowWidth === null))
      throw badInput('Give windowCenter and windowWidth, or neither.');
    if (windowWidth !== null && windowWidth < 1) throw badInput('`windowWidth` must be at least 1.');
    const view: SliceRendering = { size, windowCenter, windowWidth };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(view)) if (value !== null) query.set(name, String(value));
    const square = squareSize(slice);
    const scale = size === null ? 1 : size / Math.max(square.width, square.height);
    return new Image(
      request.pictureUrl(`/images/slices/${slice.id}.png${query.size > 0 ? `?${query}` : ''}`),
      Math.max(1, Math.round(square.width * scale)),
      Math.max(1, Math.round(square.height * scale)),
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
      'The prediction of the active model, or else the latest of a model that was active before. If there is none, callers with the right "classify" have it computed and stored, together with all others of their query, and with the rest of the series if the model reads series. It is not computed for series that are passed over, nor while a job works on the study or instances arrive. Null if there is none.',
  })
  async prediction(
    @Root() { id }: Slice,
    @Arg('model', () => ID, {
      nullable: true,
      description: 'Id of a model, for example a shadow, whose prediction is shown instead.',
    })
    model: string | null,
    @Ctx() request: Request,
  ): Promise<PredictionRow | null> {
    const { loaders, missingPrediction, context } = request;
    const stored = answerOf(request, await loaders.predictionsOfSlice.load(id), model);
    if (stored || !may(request, 'classify')) return stored ?? null;
    return missingPrediction.load([model ?? context.models.active.model.id, id]);
  }

  @FieldResolver(() => [Prediction], {
    description: 'Predictions of every model that classified the slice or failed to read it.',
  })
  predictions(@Root() { id }: Slice, @Ctx() { loaders }: Request): Promise<PredictionRow[]> {
    return loaders.predictionsOfSlice.load(id);
  }
}
