import type { Context } from '../context.js';
import {
  ExplanationUnavailable,
  LayerNotFound,
  ModelNotFound,
  MrimasterError,
  PredictionNotFound,
} from '../errors/errors.js';
import type { Explanation, ExplanationMethod } from '../generated/prisma/client.js';
import type { Classifier } from '../inference/classifier.js';
import { computeExplanations, type Plan, type PredictionWithSlice, withSlice } from './computeExplanations.js';

/**
 * What to explain. `against`: a label to contrast with; none by default. The defaults of the others: the predicted
 * label, Grad-CAM, and for explainPrediction the last convolutional layer that can be explained and has more than one
 * cell.
 */
export type ExplainPrediction = {
  predictionId: string;
  label?: string | null | undefined;
  against?: string | null | undefined;
  layer?: string | null | undefined;
  method?: ExplanationMethod | null | undefined;
};

/** `layers`: ALL: every layer that can be explained. */
export type ExplainRequest = ExplainPrediction & { layers?: 'ALL' };

/**
 * Gives the stored explanation, or computes and stores it.
 * @throws PredictionNotFound, LabelNotFound, LayerNotFound, ModelNotFound, ExplanationUnavailable, and the decoding
 *   errors of the slice.
 */
export async function explainPrediction(context: Context, request: ExplainPrediction): Promise<Explanation> {
  const [answer] = await explainPredictions(context, [request]);
  if (answer instanceof Error) throw answer;
  return (answer as Explanation[])[0] as Explanation;
}

/**
 * Explains many predictions at once: what is stored is read in one statement, the rest is computed in a few runs.
 * @returns for each request its explanations, first layer to last, or what explainPrediction would throw.
 */
export async function explainPredictions(
  context: Context,
  requests: readonly ExplainRequest[],
): Promise<(Explanation[] | Error)[]> {
  const { prisma } = context;
  const ids = [...new Set(requests.map(({ predictionId }) => predictionId))];
  const predictions = await prisma.prediction.findMany({ where: { id: { in: ids } }, include: withSlice });
  const wanted = await Promise.all(
    requests.map((request) =>
      plan(context, request, predictions).catch((error: unknown): MrimasterError => {
        if (error instanceof MrimasterError) return error;
        throw error;
      }),
    ),
  );
  const plans = wanted.filter((one): one is Plan => !(one instanceof MrimasterError));
  const stored = new Map((await readStored(context, plans)).map((row) => [keyOf(row), row]));
  const missing = plans.filter((one) => one.layers.some((layer) => !stored.has(keyOf({ ...one, layer }))));
  const failures = await computeExplanations(context, missing);
  if (missing.length > 0) for (const row of await readStored(context, missing)) stored.set(keyOf(row), row);
  return wanted.map((one) => {
    if (one instanceof MrimasterError) return one;
    return failures.get(one) ?? one.layers.flatMap((layer) => stored.get(keyOf({ ...one, layer })) ?? []);
  });
}

async function plan(
  { models }: Context,
  request: ExplainRequest,
  predictions: readonly PredictionWithSlice[],
): Promise<Plan> {
  const { predictionId } = request;
  const prediction = predictions.find(({ id }) => id === predictionId);
  if (!prediction) throw new PredictionNotFound(`There is no prediction ${predictionId}.`);
  const { model } = prediction;
  const label = request.label ?? prediction.label;
  if (label === null)
    throw new ExplanationUnavailable('The slice could not be classified, so there is nothing to explain.');
  const classifier = models.running(model.id)?.classifier;
  if (!classifier)
    throw new ModelNotFound(
      `The prediction was made by ${model.name} ${model.version}, which is not running. Let it run as a shadow (activateModel) to explain it.`,
    );
  const layers =
    request.layers === 'ALL' ? (await classifier.explainable()).layers : [await chooseLayer(classifier, request.layer)];
  const method = request.method ?? 'GRAD_CAM';
  return { predictionId, prediction, classifier, label, against: request.against ?? '', method, layers };
}

type ExplanationKey = Pick<Explanation, 'predictionId' | 'method' | 'label' | 'against' | 'layer'>;

function keyOf({ predictionId, method, label, against, layer }: ExplanationKey): string {
  return JSON.stringify([predictionId, method, label, against, layer]);
}

async function readStored({ prisma }: Context, plans: readonly Plan[]): Promise<Explanation[]> {
  if (plans.length === 0) return [];
  return prisma.explanation.findMany({
    where: {
      predictionId: { in: plans.map(({ predictionId }) => predictionId) },
      method: { in: plans.map(({ method }) => method) },
      layer: { in: plans.flatMap(({ layers }) => layers) },
    },
  });
}

async function chooseLayer(classifier: Classifier, wanted: string | null | undefined): Promise<string> {
  const { layers } = classifier;
  if (wanted && layers.includes(wanted)) return wanted; // a layer without a map is refused later, with the reason
  if (!wanted) {
    const { last, missing } = await classifier.explainable();
    if (last === undefined)
      throw new ExplanationUnavailable(missing ?? 'The model has no convolutional layer to explain.');
    return last;
  }
  throw new LayerNotFound(`The model has no convolutional layer "${wanted}". Its layers: ${layers.join(', ')}.`);
}
