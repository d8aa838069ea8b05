import {
  Arg,
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
import { explainLayers, explainPrediction } from '../explainPrediction.js';
import type { Explanation as ExplanationRow, Prediction as PredictionRow } from '../generated/prisma/client.js';
import { fullScale, mapOf, peakOf } from '../images/heatmap.js';
import { renderHeatmapImage, renderOverlayImage } from '../renderImages.js';
import { badInput } from '../schema/connection.js';
import { ExplanationMethod } from '../schema/enums.js';
import { Explanation, Point } from '../schema/explanation.js';
import { Image } from '../schema/image.js';
import { Model } from '../schema/model.js';
import { kindOf } from '../schema/node.js';
import { Prediction } from '../schema/prediction.js';
import { Slice } from '../schema/slice.js';
import type { Request } from './request.js';
import { showSlice } from './slice.js';

@InputType({ description: 'What to explain.' })
class ExplainPredictionInput {
  @Field(() => ID)
  predictionId!: string;

  @Field(() => String, { nullable: true, description: 'By default the predicted one.' })
  label?: string | null;

  @Field(() => String, { nullable: true, description: 'By default the last convolutional one.' })
  layer?: string | null;

  @Field(() => ExplanationMethod, { nullable: true, defaultValue: 'GRAD_CAM' })
  method?: ExplanationMethod | null;
}

@ObjectType()
class ExplainPredictionPayload {
  @Field(() => Explanation)
  explanation!: ExplanationRow;
}

@Resolver(() => Prediction)
export class PredictionResolver {
  @Query(() => Prediction, { nullable: true })
  prediction(@Arg('id', () => ID) id: string, @Ctx() { program }: Request): Promise<PredictionRow | null> {
    return kindOf(id) === 'Prediction'
      ? program.prisma.prediction.findUnique({ where: { id } })
      : Promise.resolve(null);
  }

  @Mutation(() => ExplainPredictionPayload, {
    description: 'Computes and stores a map; a stored one is the answer at once.',
  })
  async explainPrediction(
    @Arg('input', () => ExplainPredictionInput) { predictionId, label, layer, method }: ExplainPredictionInput,
    @Ctx() { program }: Request,
  ): Promise<ExplainPredictionPayload> {
    return { explanation: await explainPrediction(program, { predictionId, label, layer, method }) };
  }

  @FieldResolver(() => Slice)
  async slice(@Root() { sliceId }: PredictionRow, @Ctx() { loaders }: Request): Promise<Slice | undefined> {
    const row = await loaders.slice.load(sliceId);
    return row && showSlice(row);
  }

  @FieldResolver(() => Model)
  model(@Root() { modelId }: PredictionRow, @Ctx() { loaders }: Request): Promise<Model | undefined> {
    return loaders.model.load(modelId);
  }

  @FieldResolver(() => Explanation, { description: 'Computed and stored when it is asked for first.' })
  explanation(
    @Root() { id: predictionId }: PredictionRow,
    @Arg('label', () => String, { nullable: true, description: 'By default the predicted one.' }) label: string | null,
    @Arg('layer', () => String, { nullable: true, description: 'By default the last convolutional one.' }) layer:
      | string
      | null,
    @Arg('method', () => ExplanationMethod, { nullable: true, defaultValue: 'GRAD_CAM' })
    method: ExplanationMethod | null,
    @Ctx() { program }: Request,
  ): Promise<ExplanationRow> {
    return explainPrediction(program, { predictionId, label, layer, method });
  }

  @FieldResolver(() => [Explanation], {
    description:
      'Of every convolutional layer that can be explained, first to last; computed in one run and stored when they are asked for first.',
  })
  explanations(
    @Root() { id: predictionId }: PredictionRow,
    @Arg('label', () => String, { nullable: true, description: 'By default the predicted one.' }) label: string | null,
    @Arg('method', () => ExplanationMethod, { nullable: true, defaultValue: 'GRAD_CAM' })
    method: ExplanationMethod | null,
    @Ctx() { program }: Request,
  ): Promise<ExplanationRow[]> {
    return explainLayers(program, { predictionId, label, method });
  }
}

@Resolver(() => Explanation)
export class ExplanationResolver {
  @FieldResolver(() => Prediction)
  prediction(@Root() { predictionId }: ExplanationRow, @Ctx() { loaders }: Request) {
    return loaders.prediction.load(predictionId);
  }

  @FieldResolver(() => [Float], { description: 'The map as computed, row by row, not normalised.' })
  values(@Root() explanation: ExplanationRow): number[] {
    return [...mapOf(explanation).values];
  }

  @FieldResolver(() => Float, { description: 'The value that the pictures draw in the strongest colour.' })
  scale(@Root() explanation: ExplanationRow): number {
    return fullScale(mapOf(explanation));
  }

  @FieldResolver(() => Point, { description: 'Of the largest value, in slice pixels.' })
  peak(@Root() explanation: ExplanationRow): Point {
    return peakOf(mapOf(explanation));
  }

  @FieldResolver(() => Image, { description: 'The map in colour, resampled to the slice.' })
  async heatmap(@Root() explanation: ExplanationRow, @Ctx() request: Request): Promise<Image> {
    return picture(request, explanation, 'heatmap.png', () => renderHeatmapImage(request.program, explanation.id));
  }

  @FieldResolver(() => Image, { description: 'The map over the slice.' })
  async overlay(
    @Root() explanation: ExplanationRow,
    @Arg('opacity', () => Float, { defaultValue: 0.4, description: '0–1' }) opacity: number,
    @Ctx() request: Request,
  ): Promise<Image> {
    if (!(opacity >= 0 && opacity <= 1)) throw badInput('`opacity` must be from 0 to 1.');
    return picture(request, explanation, `overlay.png?opacity=${opacity}`, () =>
      renderOverlayImage(request.program, explanation.id, opacity),
    );
  }
}

async function picture(
  { loaders, origin }: Request,
  { id, predictionId }: ExplanationRow,
  name: string,
  render: () => Promise<Buffer>,
): Promise<Image> {
  const prediction = await loaders.prediction.load(predictionId);
  const slice = await loaders.slice.load((prediction as PredictionRow).sliceId);
  const { columns, rows } = slice as { columns: number; rows: number };
  return new Image(`${origin}/images/explanations/${id}/${name}`, columns, rows, render);
}
