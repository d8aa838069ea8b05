import { join } from 'node:path';
import type { Context } from './context.js';
import { ExplanationNotFound, SliceNotFound } from './errors.js';
import { addCaption } from './images/caption.js';
import { fullScale, mapOf } from './images/heatmap.js';
import { encodePng } from './images/png.js';
import { renderHeatmap, renderOverlay, renderRawMap } from './images/renderOverlay.js';
import { resizeGrey } from './images/resizeGrey.js';
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

/** The same before it is a file: its size is known here. */
export async function explanationPicture(context: Context, id: string, { kind, opacity, legend }: ExplanationView) {
  const row = await context.prisma.explanation.findUnique({
    where: { id },
    include: { prediction: { include: { slice: true, model: true } } },
  });
  if (!row) throw new ExplanationNotFound(`There is no explanation ${id}.`);
  const { model, slice } = row.prediction;
  const map = mapOf(row);
  const label = row.against ? `"${row.label}" rather than "${row.against}"` : `"${row.label}"`;
  const lines = [`${row.method} of ${label}, layer ${row.layer}`, `${model.name} ${model.version}`];
  const draw = {
    RAW: async () => renderRawMap(map),
    HEATMAP: async () => renderHeatmap(map, slice),
    OVERLAY: async () => renderOverlay(applyVoiLut(await readStoredSlice(context, slice.id)), map, slice, opacity),
  };
  const plain = await draw[kind]();
  const scale = fullScale(map);
  const description = `${lines.join(', ')}; strongest colour: ${scale.toPrecision(3)}`;
  if (row.faithfulness) lines.push(describeFaithfulness(row.faithfulness as Faithfulness));
  return { ...(legend ? addCaption(plain, lines, scale) : plain), description };
}

async function readStoredSlice({ prisma, decoding, receivedDir }: Context, id: string): Promise<Slice> {
  const row = await prisma.slice.findUnique({ where: { id }, include: { instance: { select: { path: true } } } });
  if (!row) throw new SliceNotFound(`There is no slice ${id}.`);
  return decoding.readSlice(join(receivedDir, row.instance.path), row.frameNumber);
}
