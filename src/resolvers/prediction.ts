import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  Float,
  ID,
  InputType,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { kindOf } from '../database/kindOf.js';
import { studyOf } from '../database/studyOf.js';
import { explainPrediction } from '../explain/explainPrediction.js';
import { type ExplanationView, explanationSize, renderExplanationImage } from '../explain/renderImages.js';
import type { Explanation as ExplanationRow, Prediction as PredictionRow } from '../generated/prisma/client.js';
import { fullScale, mapOf, peakOf } from '../images/heatmap.js';
import { badInput, PageArgs } from '../schema/connection.js';
import { ExplanationMethod } from '../schema/enums.js';
import { Explanation, Faithfulness, Point } from '../schema/explanation.js';
import { PredictionFilter, PredictionOrder } from '../schema/filters.js';
import { Image } from '../schema/image.js';
import { type Order, pageBy } from '../schema/keyset.js';
import { Model } from '../schema/model.js';
import { Prediction, PredictionConnection } from '../schema/prediction.js';
import { Slice } from '../schema/slice.js';
import { noteAccess, type Request } from './request.js';
import { showSlice } from './slice.js';
import { wherePredictions } from './whereOf.js';

@InputType({ description: 'What to explain.' })
class ExplainPredictionInput {
  @Field(() => ID, { description: 'What to explain.' })
  predictionId!: string;

  @Field(() => String, { nullable: true, description: 'By default the predicted one.' })
  label?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'A label to contrast it with: what speaks for one rather than the other.',
  })
  against?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'By default the last one that can be explained and has more than one cell.',
  })
  layer?: string | null;

  @Field(() => ExplanationMethod, { nullable: true, defaultValue: 'GRAD_CAM', description: 'How to compute it.' })
  method?: ExplanationMethod | null;
}

@ObjectType({ description: 'The map that was asked for.' })
class ExplainPredictionPayload {
  @Field(() => Explanation, { description: 'The map, stored.' })
  explanation!: ExplanationRow;
}

const PREDICTIONS_PER_PAGE = 50;
const MOST_PER_PAGE = 500;

@Resolver(() => Prediction)
export class PredictionResolver {
  @Query(() => Prediction, { nullable: true, description: 'Null when there is no such thing.' })
  prediction(
    @Arg('id', () => ID, { description: 'Such as another query gave it.' }) id: string,
    @Ctx() { context }: Request,
  ): Promise<PredictionRow | null> {
    return kindOf(id) === 'Prediction'
      ? context.prisma.prediction.findUnique({ where: { id } })
      : Promise.resolve(null);
  }

  @Query(() => PredictionConnection, { description: 'By default the latest of the active model first.' })
  async predictions(
    @Args() args: PageArgs,
    @Arg('filter', () => PredictionFilter, { nullable: true, description: 'By default all of the active model.' })
    filter: PredictionFilter | null,
    @Arg('orderBy', () => PredictionOrder, { nullable: true, description: 'By default the latest first.' })
    orderBy: PredictionOrder | null,
    @Ctx() request: Request,
  ) {
    const column = orderBy?.field ?? 'createdAt';
    const order: Order<PredictionRow> = {
      list: 'predictions',
      column,
      kind: column === 'createdAt' ? 'date' : 'number',
      direction: orderBy?.direction === 'ASC' ? 'asc' : 'desc',
      nullable: column === 'confidence',
    };
    const page = pageBy(args, order, PREDICTIONS_PER_PAGE, MOST_PER_PAGE);
    const { where, ...rest } = page.keyset;
    const fitting = wherePredictions(filter ?? {}, request);
    return page.show(await request.context.prisma.prediction.findMany({ where: { AND: [fitting, where] }, ...rest }));
  }

  @Mutation(() => ExplainPredictionPayload, {
    description: 'Computes and stores a map; a stored one is the answer at once.',
  })
  async explainPrediction(
    @Arg('input', () => ExplainPredictionInput, { description: 'What to do, and to what.' }) {
      predictionId,
      label,
      against,
      layer,
      method,
    }: ExplainPredictionInput,
    @Ctx() { context }: Request,
  ): Promise<ExplainPredictionPayload> {
    return { explanation: await explainPrediction(context, { predictionId, label, against, layer, method }) };
  }

  @FieldResolver(() => Slice, { description: 'What it is about.' })
  async slice(@Root() { sliceId }: PredictionRow, @Ctx() { loaders }: Request): Promise<Slice | undefined> {
    const row = await loaders.slice.load(sliceId);
    return row && showSlice(row);
  }

  @FieldResolver(() => Model, { description: 'Whose verdict it is.' })
  model(@Root() { modelId }: PredictionRow, @Ctx() { loaders }: Request): Promise<Model | undefined> {
    return loaders.model.load(modelId);
  }

  @FieldResolver(() => Explanation, {
    nullable: true,
    description: 'Computed and stored when it is asked for first. Null for a slice that failed.',
  })
  async explanation(
    @Root() { id: predictionId, status }: PredictionRow,
    @Arg('label', () => String, { nullable: true, description: 'By default the predicted one.' }) label: string | null,
    @Arg('against', () => String, { nullable: true, description: 'A label to contrast it with.' })
    against: string | null,
    @Arg('layer', () => String, { nullable: true, description: 'By default the last convolutional one.' })
    layer: string | null,
    @Arg('method', () => ExplanationMethod, {
      nullable: true,
      defaultValue: 'GRAD_CAM',
      description: 'How to compute it.',
    })
    method: ExplanationMethod | null,
    @Ctx() { explanations }: Request,
  ): Promise<ExplanationRow | null> {
    if (status === 'FAILED') return null;
    return (await explanations.load({ predictionId, label, against, layer, method }))[0] ?? null;
  }

  @FieldResolver(() => [Explanation], {
    description:
      'Of every convolutional layer that can be explained, first to last; computed in one run and stored when they are asked for first. Empty for a slice that failed.',
  })
  async explanations(
    @Root() { id: predictionId, status }: PredictionRow,
    @Arg('label', () => String, { nullable: true, description: 'By default the predicted one.' }) label: string | null,
    @Arg('against', () => String, { nullable: true, description: 'A label to contrast it with.' })
    against: string | null,
    @Arg('method', () => ExplanationMethod, {
      nullable: true,
      defaultValue: 'GRAD_CAM',
      description: 'How to compute it.',
    })
    method: ExplanationMethod | null,
    @Ctx() { explanations }: Request,
  ): Promise<ExplanationRow[]> {
    return status === 'FAILED' ? [] : explanations.load({ predictionId, label, against, method, layers: 'ALL' });
  }
}

const LEGEND = 'Below it, what it is, its scale, whether the answer rests on it, and what it is for.';

@Resolver(() => Explanation)
export class ExplanationResolver {
  @FieldResolver(() => Prediction, { description: 'What it explains.' })
  prediction(@Root() { predictionId }: ExplanationRow, @Ctx() { loaders }: Request) {
    return loaders.prediction.load(predictionId);
  }

  @FieldResolver(() => String, { nullable: true })
  against(@Root() { against }: ExplanationRow): string | null {
    return against || null;
  }

  @FieldResolver(() => [Float], { description: 'The map as computed, row by row, not normalised.' })
  values(@Root() explanation: ExplanationRow): number[] {
    return [...mapOf(explanation).values];
  }

  @FieldResolver(() => Faithfulness, { nullable: true, description: 'Null for a map stored before this was measured.' })
  faithfulness(@Root() { faithfulness }: ExplanationRow): Faithfulness | null {
    return faithfulness as Faithfulness | null;
  }

  @FieldResolver(() => Float, { description: 'The value that the pictures draw in the strongest colour.' })
  scale(@Root() explanation: ExplanationRow): number {
    return fullScale(mapOf(explanation));
  }

  @FieldResolver(() => Point, {
    nullable: true,
    description: 'Of the largest value, in slice pixels; null where the map is empty.',
  })
  peak(@Root() explanation: ExplanationRow): Point | null {
    return peakOf(mapOf(explanation));
  }

  @FieldResolver(() => Image, { description: 'The map in colour, as computed: a pixel a cell.' })
  rawMap(
    @Root() { id }: ExplanationRow,
    @Arg('legend', () => Boolean, { nullable: true, defaultValue: false, description: LEGEND }) legend: boolean | null,
    @Ctx() request: Request,
  ): Promise<Image> {
    const view = { kind: 'RAW' as const, opacity: 1, legend: legend ?? false };
    return picture(request, id, view, `/images/explanations/${id}/raw.png?legend=${view.legend}`);
  }

  @FieldResolver(() => Image, { description: 'The map in colour, resampled to the slice.' })
  heatmap(
    @Root() { id }: ExplanationRow,
    @Arg('legend', () => Boolean, { nullable: true, defaultValue: false, description: LEGEND }) legend: boolean | null,
    @Ctx() request: Request,
  ): Promise<Image> {
    const view = { kind: 'HEATMAP' as const, opacity: 1, legend: legend ?? false };
    return picture(request, id, view, `/images/explanations/${id}/heatmap.png?legend=${view.legend}`);
  }

  @FieldResolver(() => Image, { description: 'The map over the slice.' })
  overlay(
    @Root() { id }: ExplanationRow,
    @Arg('opacity', () => Float, { nullable: true, defaultValue: 0.4, description: '0–1' }) opacity: number | null,
    @Arg('legend', () => Boolean, { nullable: true, defaultValue: false, description: LEGEND }) legend: boolean | null,
    @Ctx() request: Request,
  ): Promise<Image> {
    const view = { kind: 'OVERLAY' as const, opacity: opacity ?? 0.4, legend: legend ?? false };
    if (!(view.opacity >= 0 && view.opacity <= 1)) throw badInput('`opacity` must be from 0 to 1.');
    const query = `opacity=${view.opacity}&legend=${view.legend}`;
    return picture(request, id, view, `/images/explanations/${id}/overlay.png?${query}`);
  }
}

async function picture(request: Request, id: string, view: ExplanationView, path: string): Promise<Image> {
  const { context } = request;
  const { width, height } = await explanationSize(context, id, view);
  return new Image(request.pictureUrl(path), width, height, async () => {
    noteAccess(request, 'READ_PIXELS', await studyOf(context.prisma, id), id);
    return renderExplanationImage(context, id, view);
  });
}
