import { join } from 'node:path';
import type { Context } from './context.js';
import { ExplanationNotFound, SliceNotFound } from './errors.js';
import { fullScale, mapOf } from './images/heatmap.js';
import { encodePng } from './images/png.js';
import { renderHeatmap, renderOverlay } from './images/renderOverlay.js';
import { resizeGrey } from './images/resizeGrey.js';
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

/** A stored explanation in colour, on its slice's grid. @throws ExplanationNotFound */
export async function renderHeatmapImage(context: Context, explanationId: string): Promise<Buffer> {
  const { explanation, slice, description } = await findExplanation(context, explanationId);
  return encodePng(renderHeatmap(mapOf(explanation), slice), description);
}

/** A stored explanation over its slice. @throws ExplanationNotFound, and the slice's decoding errors. */
export async function renderOverlayImage(context: Context, explanationId: string, opacity: number): Promise<Buffer> {
  const { explanation, slice, description } = await findExplanation(context, explanationId);
  const grey = applyVoiLut(await readStoredSlice(context, slice.id));
  return encodePng(renderOverlay(grey, mapOf(explanation), slice, opacity), description);
}

async function readStoredSlice({ prisma, decoding, receivedDir }: Context, id: string): Promise<Slice> {
  const row = await prisma.slice.findUnique({ where: { id }, include: { instance: { select: { path: true } } } });
  if (!row) throw new SliceNotFound(`There is no slice ${id}.`);
  return decoding.readSlice(join(receivedDir, row.instance.path), row.frameNumber);
}

async function findExplanation({ prisma }: Context, id: string) {
  const row = await prisma.explanation.findUnique({
    where: { id },
    include: { prediction: { include: { slice: true, model: true } } },
  });
  if (!row) throw new ExplanationNotFound(`There is no explanation ${id}.`);
  const { model, slice } = row.prediction;
  const scale = fullScale(mapOf(row)).toPrecision(3);
  const description = `${row.method} of "${row.label}", layer ${row.layer}, ${model.name} ${model.version}; strongest colour: ${scale}`;
  return { explanation: row, slice, description };
}
