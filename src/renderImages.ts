import { join } from 'node:path';
import type { Context } from './context.js';
import { ExplanationNotFound, SliceNotFound } from './errors.js';
import { addCaption, layOutCaption } from './images/caption.js';
import { fullScale, mapOf } from './images/heatmap.js';
import { encodePng } from './images/png.js';
import { renderHeatmap, renderOverlay, renderRawMap } from './images/renderOverlay.js';
import { resizeGrey } from './images/resizeGrey.js';
import { kindOf } from './kindOf.js';
import { describeFaithfulness, type Faithfulness } from './measureFaithfulness.js';
import type { Slice } from './pacs/applyModalityLut.js';
import { applyVoiLut } from './pacs/applyVoiLut.js';

/** `size`: pixels of the longer side. The window is in modality values. Null: as the file says. */
export type SliceView = { size: number | null; windowCenter: number | null; windowWidth: number | null };

/** A stored slice as a grey PNG. @throws SliceNotFound, and the slice's decoding errors. */
export async function renderSliceImage(context: Context, sliceId: string, view: SliceView): Promise<Buffer> {
  const slice = await readStoredSlice(context, sliceId);
  const { windowCenter: center, windowWidth: width } = view;
  const window = center !== null && width !== null ? { center, width, function: 'LINEAR' as const } : undefined;
  const grey = applyVoiLut(window ? { ...slice, window } : slice);
  const picture = { width: slice.columns, height: slice.rows, channels: 1 as const, data: grey };
  return encodePng(view.size === null ? picture : resizeGrey(picture, view.size));
}

/**
 * RAW: the map as computed, a pixel a cell; HEATMAP: on the slice's grid; OVERLAY: over the slice, with this opacity.
 * `legend`: a strip below that says what it is, its scale, whether the answer rests on it, and what it is for.
 */
export type ExplanationView = { kind: 'RAW' | 'HEATMAP' | 'OVERLAY'; opacity: number; legend: boolean };

/** A stored explanation as PNG. @throws ExplanationNotFound, and the slice's decoding errors. */
export async function renderExplanationImage(context: Context, id: string, view: ExplanationView): Promise<Buffer> {
  const { description, ...picture } = await explanationPicture(context, id, view);
  return encodePng(picture, description);
}

/** What that picture measures, in pixels, without drawing it. @throws ExplanationNotFound */
export async function explanationSize(
  context: Context,
  id: string,
  { kind, legend }: ExplanationView,
): Promise<{ width: number; height: number }> {
  const { lines, map, slice } = await readExplanation(context, id);
  const { rows, columns } = kind === 'RAW' ? map : slice;
  const size = { width: columns, height: rows };
  if (!legend) return size;
  const { width, height } = layOutCaption(size, lines);
  return { width, height };
}

/** The same before it is a file. */
export async function explanationPicture(context: Context, id: string, { kind, opacity, legend }: ExplanationView) {
  const { description, lines, map, slice } = await readExplanation(context, id);
  const draw = {
    RAW: async () => renderRawMap(map),
    HEATMAP: async () => renderHeatmap(map, slice),
    OVERLAY: async () => renderOverlay(applyVoiLut(await readStoredSlice(context, slice.id)), map, slice, opacity),
  };
  const plain = await draw[kind]();
  return { ...(legend ? addCaption(plain, lines, fullScale(map)) : plain), description };
}

/** `description`: for the file; `lines`: what its caption says. */
async function readExplanation({ prisma }: Context, id: string) {
  const include = { prediction: { include: { slice: true, model: true } } };
  const row = kindOf(id) === 'Explanation' ? await prisma.explanation.findUnique({ where: { id }, include }) : null;
  if (!row) throw new ExplanationNotFound('There is no such explanation.');
  const { model, slice } = row.prediction;
  const label = row.against ? `"${row.label}" rather than "${row.against}"` : `"${row.label}"`;
  const lines = [`${row.method} of ${label}, layer ${row.layer}`, `${model.name} ${model.version}`];
  const map = mapOf(row);
  const description = `${lines.join(', ')}; strongest colour: ${fullScale(map).toPrecision(3)}`;
  if (row.faithfulness) lines.push(describeFaithfulness(row.faithfulness as Faithfulness));
  return { description, lines, map, slice };
}

async function readStoredSlice({ prisma, decoding, receivedDir }: Context, id: string): Promise<Slice> {
  const include = { instance: { select: { path: true } } };
  const row = kindOf(id) === 'Slice' ? await prisma.slice.findUnique({ where: { id }, include }) : null;
  if (!row) throw new SliceNotFound('There is no such slice.');
  return decoding.readSlice(join(receivedDir, row.instance.path), row.frameNumber);
}
