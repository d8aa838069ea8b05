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

@InputType({ description: 'A prediction to explain, and how.' })
class ExplainPredictionInput {
  @Field(() => ID, { description: 'Id of the prediction to explain.' })
  predictionId!: string;

  @Field(() => String, { nullable: true, description: 'Label to explain. By default the predicted label.' })
  label?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Label to contrast it with: the map shows what speaks for `label` rather than for this one.',
  })
  against?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Name of the layer. By default the last convolutional layer that can be explained and has more than one cell.',
  })
  layer?: string | null;

  @Field(() => ExplanationMethod, {
    nullable: true,
    defaultValue: 'GRAD_CAM',
    description: 'Method that computes the map.',
  })
  method?: ExplanationMethod | null;
}

@ObjectType({ description: 'The map of the prediction.' })
class ExplainPredictionPayload {
  @Field(() => Explanation, { description: 'The map, which is stored.' })
  explanation!: ExplanationRow;
}

const PREDICTIONS_PER_PAGE = 50;
const MOST_PER_PAGE = 500;

@Resolver(() => Prediction)
export class PredictionResolver {
  @Query(() => Prediction, { nullable: true, description: 'A prediction by its id. Null if there is none.' })
  prediction(
    @Arg('id', () => ID, { description: 'Id of the prediction.' }) id: string,
    @Ctx() { context }: Request,
  ): Promise<PredictionRow | null> {
    return kindOf(id) === 'Prediction'
      ? context.prisma.prediction.findUnique({ where: { id } })
      : Promise.resolve(null);
  }

  @Query(() => PredictionConnection, {
    description: 'Predictions of one model, by default of the active model and the latest first.',
  })
  async predictions(
    @Args() args: PageArgs,
    @Arg('filter', () => PredictionFilter, {
      nullable: true,
      description: 'Conditions that the predictions must meet. By default all predictions of the active model.',
    })
    filter: PredictionFilter | null,
    @Arg('orderBy', () => PredictionOrder, {
      nullable: true,
      description: 'Order of the predictions. By default the latest first.',
    })
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
    const matching = wherePredictions(filter ?? {}, request);
    return page.show(await request.context.prisma.prediction.findMany({ where: { AND: [matching, where] }, ...rest }));
  }

  @Mutation(() => ExplainPredictionPayload, {
    description: 'Computes and stores the map of a prediction, or returns it if it is stored already.',
  })
  async explainPrediction(
    @Arg('input', () => ExplainPredictionInput, { description: 'The prediction, label, layer and method.' }) {
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

  @FieldResolver(() => Slice, { description: 'The slice that the prediction is of.' })
  async slice(@Root() { sliceId }: PredictionRow, @Ctx() { loaders }: Request): Promise<Slice | undefined> {
    const row = await loaders.slice.load(sliceId);
    return row && showSlice(row);
  }

  @FieldResolver(() => Model, { description: 'The model that made the prediction.' })
  model(@Root() { modelId }: PredictionRow, @Ctx() { loaders }: Request): Promise<Model | undefined> {
    return loaders.model.load(modelId);
  }

  @FieldResolver(() => Explanation, {
    nullable: true,
    description: 'A map of the prediction. The first request computes and stores it. Null for a slice that failed.',
  })
  async explanation(
    @Root() { id: predictionId, status }: PredictionRow,
    @Arg('label', () => String, { nullable: true, description: 'Label to explain. By default the predicted label.' })
    label: string | null,
    @Arg('against', () => String, { nullable: true, description: 'Label to contrast it with.' })
    against: string | null,
    @Arg('layer', () => String, {
      nullable: true,
      description:
        'Name of the layer. By default the last convolutional layer that can be explained and has more than one cell.',
    })
    layer: string | null,
    @Arg('method', () => ExplanationMethod, {
      nullable: true,
      defaultValue: 'GRAD_CAM',
      description: 'Method that computes the map.',
    })
    method: ExplanationMethod | null,
    @Ctx() { explanations }: Request,
  ): Promise<ExplanationRow | null> {
    if (status === 'FAILED') return null;
    return (await explanations.load({ predictionId, label, against, layer, method }))[0] ?? null;
  }

  @FieldResolver(() => [Explanation], {
    description:
      'Maps of every convolutional layer that can be explained, first to last. The first request computes them in one run and stores them. Empty for a slice that failed.',
  })
  async explanations(
    @Root() { id: predictionId, status }: PredictionRow,
    @Arg('label', () => String, { nullable: true, description: 'Label to explain. By default the predicted label.' })
    label: string | null,
    @Arg('against', () => String, { nullable: true, description: 'Label to contrast it with.' })
    against: string | null,
    @Arg('method', () => ExplanationMethod, {
      nullable: true,
      defaultValue: 'GRAD_CAM',
      description: 'Method that computes the maps.',
    })
    method: ExplanationMethod | null,
    @Ctx() { explanations }: Request,
  ): Promise<ExplanationRow[]> {
    return status === 'FAILED' ? [] : explanations.load({ predictionId, label, against, method, layers: 'ALL' });
  }
}

const LEGEND = 'Whether a legend is drawn below: what the map is, its scale, its faithfulness, and its intended use.';

@Resolver(() => Explanation)
export class ExplanationResolver {
  @FieldResolver(() => Prediction, { description: 'The prediction that the map explains.' })
  prediction(@Root() { predictionId }: ExplanationRow, @Ctx() { loaders }: Request) {
    return loaders.prediction.load(predictionId);
  }

  @FieldResolver(() => String, { nullable: true })
  against(@Root() { against }: ExplanationRow): string | null {
    return against || null;
  }

  @FieldResolver(() => [Float], { description: 'Values of the map as computed, row by row, not normalised.' })
  values(@Root() explanation: ExplanationRow): number[] {
    return [...mapOf(explanation).values];
  }

  @FieldResolver(() => Faithfulness, {
    nullable: true,
    description: 'Whether the map shows what the answer rests on. Null for a map stored before this was measured.',
  })
  faithfulness(@Root() { faithfulness }: ExplanationRow): Faithfulness | null {
    return faithfulness as Faithfulness | null;
  }

  @FieldResolver(() => Float, { description: 'The value that the pictures draw in the strongest colour.' })
  scale(@Root() explanation: ExplanationRow): number {
    return fullScale(mapOf(explanation));
  }

  @FieldResolver(() => Point, {
    nullable: true,
    description: 'Place of the largest value, in pixels of the slice. Null if the map is empty.',
  })
  peak(@Root() explanation: ExplanationRow): Point | null {
    return peakOf(mapOf(explanation));
  }

  @FieldResolver(() => Image, { description: 'The map in colour as computed, with one pixel for each cell.' })
  rawMap(
    @Root() { id }: ExplanationRow,
    @Arg('legend', () => Boolean, { nullable: true, defaultValue: false, description: LEGEND }) legend: boolean | null,
    @Ctx() request: Request,
  ): Promise<Image> {
    const view = { kind: 'RAW' as const, opacity: 1, legend: legend ?? false };
    return picture(request, id, view, `/images/explanations/${id}/raw.png?legend=${view.legend}`);
  }

  @FieldResolver(() => Image, { description: 'The map in colour, resampled to the size of the slice.' })
  heatmap(
    @Root() { id }: ExplanationRow,
    @Arg('legend', () => Boolean, { nullable: true, defaultValue: false, description: LEGEND }) legend: boolean | null,
    @Ctx() request: Request,
  ): Promise<Image> {
    const view = { kind: 'HEATMAP' as const, opacity: 1, legend: legend ?? false };
    return picture(request, id, view, `/images/explanations/${id}/heatmap.png?legend=${view.legend}`);
  }

  @FieldResolver(() => Image, { description: 'The map in colour over the slice.' })
  overlay(
    @Root() { id }: ExplanationRow,
    @Arg('opacity', () => Float, {
      nullable: true,
      defaultValue: 0.4,
      description: 'Opacity of the map over the slice, 0–1.',
    })
    opacity: number | null,
    @Arg('legend', () => Boolean, { nullable: true, defaultValue: false, description: LEGEND }) legend: boolean | null,
    @Ctx() request: Request,
  ): Promise<Image> {
    const view = { kind: 'OVERLAY' as const, opacity: opacity ?? 0.4, legend: legend ?? false };
    if (!(view.opacity >= 0 && view.opacity <= 1)) throw badInput('`opacity` must be from 0 to 1.');
    const query = `opacity=${view.opacity}&legend=${view.legend}`;
    return picture(request, id, view, `/images/explanations/${id}/overlay.png?${query}`);
  }
}

/** A picture of a map. If its bytes are read, the audit notes that the caller saw the study's pixels. */
async function picture(request: Request, id: string, view: ExplanationView, path: string): Promise<Image> {
  const { context } = request;
  const { width, height } = await explanationSize(context, id, view);
  return new Image(request.pictureUrl(path), width, height, async () => {
    noteAccess(request, 'READ_PIXELS', await studyOf(context.prisma, id), id);
    return renderExplanationImage(context, id, view);
  });
}
