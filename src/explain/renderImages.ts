import { join } from 'node:path';
import type { Context } from '../context.js';
import { kindOf } from '../database/kindOf.js';
import { ExplanationNotFound, SliceNotFound } from '../errors/errors.js';
import { addCaption, layOutCaption } from '../images/caption.js';
import { fullScale, mapOf } from '../images/heatmap.js';
import { encodePng } from '../images/png.js';
import { renderHeatmap, renderOverlay, renderRawMap } from '../images/renderOverlay.js';
import { resizeGrey } from '../images/resizeGrey.js';
import { squarePixels, squareSize } from '../images/squarePixels.js';
import type { ModalitySlice } from '../pacs/pixels/applyModalityLut.js';
import { applyVoiLut } from '../pacs/pixels/applyVoiLut.js';
import { isOfUnsureKind, sayFinding, sayPrediction, type WordedFinding } from '../wording/sayAnswer.js';
import { describeFaithfulness, type Faithfulness } from './measureFaithfulness.js';

/**
 * How a slice is drawn. `size`: pixels of the longer side. The window is in modality values. Null: as the file says.
 */
export type SliceRendering = { size: number | null; windowCenter: number | null; windowWidth: number | null };

/** Draws a stored slice as a grey PNG. @throws SliceNotFound, and the slice's decoding errors. */
export async function renderSliceImage(context: Context, sliceId: string, view: SliceRendering): Promise<Buffer> {
  const slice = await readStoredSlice(context, sliceId);
  const { windowCenter: center, windowWidth: width } = view;
  const window = center !== null && width !== null ? { center, width, function: 'LINEAR' as const } : undefined;
  const grey = applyVoiLut(window ? { ...slice, window } : slice);
  const stored = { width: slice.columns, height: slice.rows, channels: 1 as const, data: grey };
  const picture = squarePixels(stored, slice.pixelAspect);
  return encodePng(view.size === null ? picture : resizeGrey(picture, view.size));
}

/**
 * How a map is drawn. RAW: as computed, a pixel a cell; HEATMAP: on the slice's grid; OVERLAY: over the slice, with
 * this opacity. `legend`: the slice's answer above, and a strip below that says what the map is, its scale, how far it
 * can be trusted, and the intended use. `study`: the study's answer, which then stands first.
 */
export type ExplanationView = {
  kind: 'RAW' | 'HEATMAP' | 'OVERLAY';
  opacity: number;
  legend: boolean;
  study?: WordedFinding;
};

/** Draws a stored explanation as PNG. @throws ExplanationNotFound, and the slice's decoding errors. */
export async function renderExplanationImage(context: Context, id: string, view: ExplanationView): Promise<Buffer> {
  const { description, ...picture } = await explanationPicture(context, id, view);
  return encodePng(picture, description);
}

/** Size of that picture in pixels, without drawing it. @throws ExplanationNotFound */
export async function explanationSize(
  context: Context,
  id: string,
  { kind, legend }: ExplanationView,
): Promise<{ width: number; height: number }> {
  const { caption, map, slice } = await readExplanation(context, id);
  const size = squareSize(kind === 'RAW' ? map : slice);
  if (!legend) return size;
  const { width, height } = layOutCaption(size, caption);
  return { width, height };
}

/** Draws a stored explanation, as pixels. @throws ExplanationNotFound, and the slice's decoding errors. */
export async function explanationPicture(context: Context, id: string, view: ExplanationView) {
  const { kind, opacity, legend, study } = view;
  const { caption, description, map, slice } = await readExplanation(context, id, study);
  const draw = {
    RAW: async () => renderRawMap(map),
    HEATMAP: async () => renderHeatmap(map, slice),
    OVERLAY: async () => renderOverlay(applyVoiLut(await readStoredSlice(context, slice.id)), map, slice, opacity),
  };
  const plain = squarePixels(await draw[kind](), kind === 'RAW' ? 1 : slice.pixelAspect);
  return { ...(legend ? addCaption(plain, caption, fullScale(map)) : plain), description };
}

/**
 * Draws the key slice of a study without an answer. It has no map, because there is no label to explain.
 * @throws SliceNotFound, and the slice's decoding errors.
 */
export async function pictureWithoutAnswer(
  context: Context,
  sliceId: string,
  finding: WordedFinding,
  model: ModelName,
) {
  const slice = await readStoredSlice(context, sliceId);
  const stored = { width: slice.columns, height: slice.rows, channels: 1 as const, data: applyVoiLut(slice) };
  const plain = squarePixels(stored, slice.pixelAspect);
  const answer = sayFinding(finding);
  const what = isOfUnsureKind(finding) ? 'does not say of which kind this is' : 'gives no answer for this study';
  const lines = [`${model.name} ${model.version} ${what}.`, 'No heat map: it would explain none.'];
  return {
    ...addCaption(plain, { answer, isAnswer: false, lines }, null),
    description: `${answer}. ${lines.join(' ')}`,
  };
}

type ModelName = { name: string; version: string };

/** Reads an explanation with its slice. `description`: the text that goes into the file. */
async function readExplanation({ prisma }: Context, id: string, study?: WordedFinding) {
  const include = { prediction: { include: { slice: true, model: true } } };
  const row = kindOf(id) === 'Explanation' ? await prisma.explanation.findUnique({ where: { id }, include }) : null;
  if (!row) throw new ExplanationNotFound('There is no such explanation.');
  const { model, slice, ...prediction } = row.prediction;
  const label = row.against ? `"${row.label}" rather than "${row.against}"` : `"${row.label}"`;
  const ofSlice = sayPrediction(prediction);
  const isAnswer = study ? !study.abstained : prediction.status === 'CLASSIFIED';
  const isNamed = prediction.status === 'CLASSIFIED' && prediction.label === row.label && !row.against;
  const answer = study ? `Study: ${sayFinding(study)}` : `Slice: ${ofSlice}`;
  const what = [
    `${row.method} of ${label}${isNamed ? '' : ', which is not the answer of this slice'}, layer ${row.layer}`,
    `${model.name} ${model.version}`,
  ];
  const lines = [...(study ? [`This slice: ${ofSlice}`] : []), ...what];
  const map = mapOf(row);
  const scaled = `${what.join(', ')}; strongest colour: ${fullScale(map).toPrecision(3)}`;
  const description = study ? `${answer}. This slice: ${ofSlice}. ${scaled}` : `${scaled}. ${answer}`;
  if (row.faithfulness) lines.push(describeFaithfulness(row.faithfulness as Faithfulness, isNamed ? null : row.label));
  return { caption: { answer, isAnswer, lines }, description, map, slice };
}

async function readStoredSlice({ prisma, decoding, receivedDir }: Context, id: string): Promise<ModalitySlice> {
  const include = { instance: { select: { path: true } } };
  const row = kindOf(id) === 'Slice' ? await prisma.slice.findUnique({ where: { id }, include }) : null;
  if (!row) throw new SliceNotFound('There is no such slice.');
  return decoding.readSlice(join(receivedDir, row.instance.path), row.frameNumber);
}
