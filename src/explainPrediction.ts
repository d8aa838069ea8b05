import { join } from 'node:path';
import type { Context } from './context.js';
import { ExplanationUnavailable, LayerNotFound, ModelNotFound, PredictionNotFound } from './errors.js';
import type { Explanation, ExplanationMethod } from './generated/prisma/client.js';

/** By default: the predicted label, the last convolutional layer, Grad-CAM. */
export type ExplainPrediction = {
  predictionId: string;
  label?: string | null | undefined;
  layer?: string | null | undefined;
  method?: ExplanationMethod | null | undefined;
};

/**
 * The stored explanation, or a new one that is stored then.
 * @throws PredictionNotFound, LabelNotFound, LayerNotFound, ModelNotFound, ExplanationUnavailable, and the decoding
 *   errors of the slice.
 */
export async function explainPrediction(context: Context, request: ExplainPrediction): Promise<Explanation> {
  const { classifier, decoding, prisma, receivedDir } = context;
  const { predictionId } = request;
  const method = request.method ?? 'GRAD_CAM';
  const prediction = await prisma.prediction.findUnique({
    where: { id: predictionId },
    include: { model: true, slice: { include: { instance: { select: { path: true } } } } },
  });
  if (!prediction) throw new PredictionNotFound(`There is no prediction ${predictionId}.`);
  const { model, slice } = prediction;
  const label = request.label ?? prediction.label;
  if (label === null)
    throw new ExplanationUnavailable('The slice could not be classified, so there is nothing to explain.');
  if (model.id !== context.model.id)
    throw new ModelNotFound(
      `The prediction was made by ${model.name} ${model.version}, which is not running. Start MRIMaster with MODEL=${model.name}@${model.version} to explain it.`,
    );
  const layer = chooseLayer(classifier.layers, request.layer);
  const key = { predictionId, method, label, layer };
  const stored = await prisma.explanation.findUnique({ where: { predictionId_method_label_layer: key } });
  if (stored) return stored;
  const image = await decoding.readSlice(join(receivedDir, slice.instance.path), slice.frameNumber);
  const { rows, columns, values, frame } = await classifier.explain(image, label);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  const explanation = { rows, columns, values: bytes, frame };
  return prisma.explanation.upsert({
    where: { predictionId_method_label_layer: key },
    create: { ...key, ...explanation },
    update: {}, // another request was faster, with the same result
  });
}

function chooseLayer(layers: readonly string[], wanted: string | null | undefined): string {
  const last = layers.at(-1);
  if (last === undefined) throw new ExplanationUnavailable('The model has no convolutional layer to explain.');
  if (!wanted || wanted === last) return last;
  if (!layers.includes(wanted))
    throw new LayerNotFound(`The model has no convolutional layer "${wanted}". Its layers: ${layers.join(', ')}.`);
  throw new LayerNotFound(`This version explains the last convolutional layer only: "${last}".`);
}
