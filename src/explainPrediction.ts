import { join } from 'node:path';
import type { Context } from './context.js';
import { ExplanationUnavailable, LayerNotFound, ModelNotFound, PredictionNotFound } from './errors.js';
import type { Explanation, ExplanationMethod } from './generated/prisma/client.js';
import type { Classifier } from './inference/classifier.js';
import { type Faithfulness, measureFaithfulness } from './measureFaithfulness.js';

/**
 * `against`: a label to contrast with. By default: the predicted label against none, Grad-CAM, and for explainPrediction
 * the last convolutional layer that can be explained and has more than one cell.
 */
export type ExplainPrediction = {
  predictionId: string;
  label?: string | null | undefined;
  against?: string | null | undefined;
  layer?: string | null | undefined;
  method?: ExplanationMethod | null | undefined;
};

/**
 * The stored explanation, or a new one that is stored then.
 * @throws PredictionNotFound, LabelNotFound, LayerNotFound, ModelNotFound, ExplanationUnavailable, and the decoding
 *   errors of the slice.
 */
export async function explainPrediction(context: Context, request: ExplainPrediction): Promise<Explanation> {
  const [explanation] = await explain(context, request, [await chooseLayer(context.classifier, request.layer)]);
  return explanation as Explanation;
}

/** Those of every layer that can be explained, first to last: what is not stored is computed in one run. */
export async function explainLayers(
  context: Context,
  request: Omit<ExplainPrediction, 'layer'>,
): Promise<Explanation[]> {
  return explain(context, request, (await context.classifier.explainable()).layers);
}

async function explain(
  context: Context,
  { predictionId, ...request }: ExplainPrediction,
  layers: readonly string[],
): Promise<Explanation[]> {
  const { classifier, decoding, prisma, receivedDir } = context;
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
  const against = request.against ?? '';
  const where = { predictionId, method, label, against, layer: { in: [...layers] } };
  let stored = await prisma.explanation.findMany({ where });
  if (stored.length < layers.length) {
    const image = await decoding.readSlice(join(receivedDir, slice.instance.path), slice.frameNumber);
    const maps = await classifier.explain(image, { label, against: against || undefined }, method, layers);
    const faithfulness = await measureFaithfulness(classifier, image, label, maps);
    await prisma.explanation.createMany({
      data: maps.map(({ layer, rows, columns, values, frame }, index) => {
        const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
        const map = { rows, columns, values: bytes, frame, faithfulness: faithfulness[index] as Faithfulness };
        return { predictionId, method, label, against, layer, ...map };
      }),
      skipDuplicates: true, // another request was faster, with the same result
    });
    stored = await prisma.explanation.findMany({ where });
  }
  return stored.sort((a, b) => layers.indexOf(a.layer) - layers.indexOf(b.layer));
}

async function chooseLayer(classifier: Classifier, wanted: string | null | undefined): Promise<string> {
  const { layers } = classifier;
  if (wanted && layers.includes(wanted)) return wanted; // where it has no map, that is told with the reason
  if (!wanted) {
    const { last, missing } = await classifier.explainable();
    if (last === undefined)
      throw new ExplanationUnavailable(missing ?? 'The model has no convolutional layer to explain.');
    return last;
  }
  throw new LayerNotFound(`The model has no convolutional layer "${wanted}". Its layers: ${layers.join(', ')}.`);
}
