import { readFile, writeFile } from 'node:fs/promises';
import { INTENDED_USE } from '../about.js';
import { readConfig } from '../config/config.js';
import { LayerNotFound, MethodNotFound, UnsupportedPixels } from '../errors/errors.js';
import { describeFaithfulness, type Faithfulness, measureFaithfulness } from '../explain/measureFaithfulness.js';
import { addCaption } from '../images/caption.js';
import { renderFigure } from '../images/figure.js';
import { type ExplanationMap, fullScale } from '../images/heatmap.js';
import { encodePng } from '../images/png.js';
import { pictureKind, readPicture } from '../images/readPicture.js';
import { renderOverlay } from '../images/renderOverlay.js';
import { squarePixels } from '../images/squarePixels.js';
import { type Classifier, openClassifier } from '../inference/classifier.js';
import { type Method, methods } from '../inference/gradcam/maps.js';
import type { GrayscaleImage } from '../inference/image.js';
import { chooseModel, readModels } from '../inference/manifest.js';
import { terminal } from '../output/terminal.js';
import { applyVoiLut } from '../pacs/pixels/applyVoiLut.js';
import { readSlice } from '../pacs/pixels/readSlice.js';
import { sayGuess, sayPrediction } from '../wording/sayAnswer.js';

/** The command's options, as they are typed. */
export type ExplainOptions = {
  frame: string;
  label?: string;
  against?: string;
  layer?: string;
  method: string;
  model?: string;
  figure?: string;
  overlay?: string;
  json?: boolean;
};

const OPACITY = 0.6;
const METHOD_NAMES: Record<Method, string> = {
  GRAD_CAM: 'Grad-CAM',
  HIRES_CAM: 'HiResCAM',
  LAYER_CAM: 'LayerCAM',
  GRAD_CAM_PLUS_PLUS: 'Grad-CAM++',
};

/** `mrimaster explain FILE`: computes maps of one slice, without a server. */
export async function explain(file: string, options: ExplainOptions): Promise<void> {
  const config = readConfig();
  const method = chooseMethod(options.method);
  const image = await readImage(file, Number(options.frame));
  const chosen = chooseModel(await readModels(config.modelsDir), options.model ?? config.model);
  const classifier = await openClassifier(chosen, config.inferenceDevice);
  try {
    const [verdict] = await classifier.classify([image]);
    if (!verdict) throw new UnsupportedPixels('The file holds no slice.');
    const label = options.label ?? verdict.label;
    const layers = await chooseLayers(classifier, options.layer);
    const { against } = options;
    const maps = await classifier.explain(image, { label, against }, method, layers);
    const { name, version } = classifier.manifest;
    if (options.json)
      for (const { layer, rows, columns, frame, values } of maps) {
        const what = { layer, label, ...(against && { against }), method, model: `${name}@${version}` };
        terminal.log(JSON.stringify({ ...what, rows, columns, frame, values: [...values] }));
      }
    const explained = against ? `"${label}" rather than "${against}"` : `"${label}"`;
    const what = `${METHOD_NAMES[method]} of ${explained}, ${name} ${version}`;
    const isAnswer = verdict.status === 'CLASSIFIED';
    const answer = sayPrediction({ ...verdict, failureCode: null });
    const grey = applyVoiLut(image);
    if (options.figure) {
      const columns = maps.map((map) => ({ layer: map.layer, map }));
      await writeFile(
        options.figure,
        encodePng(renderFigure(grey, image, columns, `${what}; answer: ${answer}`), what),
      );
    }
    const last = maps.at(-1);
    const named = isAnswer && verdict.label === label && !against;
    const support =
      last && !options.json
        ? describeFaithfulness(await measureOne(classifier, image, label, last), named ? null : label)
        : '';
    if (options.overlay && last) {
      const method = `${what}${named ? '' : ', which is not the answer'}, layer ${last.layer}`;
      const caption = { answer: `Slice: ${answer}`, isAnswer, lines: [method, ...(support ? [support] : [])] };
      const overlay = squarePixels(renderOverlay(grey, last, image, OPACITY), image.pixelAspect);
      const picture = addCaption(overlay, caption, fullScale(last));
      await writeFile(options.overlay, encodePng(picture, what));
    }
    if (options.json) return;
    terminal.log(`${file}: ${answer}${isAnswer ? '' : `; ${sayGuess(verdict)}`}`);
    terminal.log(`${what}: ${maps.length} ${maps.length === 1 ? 'layer' : 'layers'}.`);
    if (options.figure) terminal.log(`Figure: ${options.figure}`);
    if (options.overlay) terminal.log(`Overlay: ${options.overlay}`);
    if (last) terminal.log(`${last.layer}: ${support}`);
    terminal.log(`A map shows where evidence came from, not where a tumour is. ${INTENDED_USE}.`);
  } finally {
    await classifier.close();
  }
}

async function measureOne(classifier: Classifier, image: GrayscaleImage, label: string, map: ExplanationMap) {
  const [found] = await measureFaithfulness(classifier, image, label, [map]);
  return found as Faithfulness;
}

async function readImage(file: string, frameNumber: number): Promise<GrayscaleImage> {
  const bytes = await readFile(file);
  return pictureKind(bytes) ? readPicture(bytes) : readSlice(bytes, frameNumber);
}

function chooseMethod(wanted: string): Method {
  const method = methods.find((name) => name === wanted.toUpperCase().replaceAll('-', '_'));
  if (method) return method;
  throw new MethodNotFound(`There is no method "${wanted}". Methods: ${methods.join(', ')}.`);
}

async function chooseLayers(classifier: Classifier, wanted: string | undefined): Promise<string[]> {
  if (wanted !== undefined && classifier.layers.includes(wanted)) return [wanted];
  const { layers, missing } = await classifier.explainable();
  if (wanted !== undefined)
    throw new LayerNotFound(`There is no layer "${wanted}" that can be explained. Layers: ${layers.join(', ')}.`);
  if (missing) terminal.error(missing);
  return layers;
}
