import type { Context } from '../context.js';
import { TooManyMissing } from '../errors/errors.js';
import type { Prediction } from '../generated/prisma/client.js';
import type { RunningModel } from '../models/modelLoader.js';
import { bySeries, predictSlices, readsSeries, type SliceWithFile, sliceWithFile } from './predictSlices.js';

/**
 * Most slices computed for one query (seconds on a slow machine). A model that reads whole series finishes the one in
 * which the limit is reached.
 */
export const MOST_MISSING = 64;

/**
 * Predicts slices that have no prediction by a running model, and stores the predictions; for a model that reads
 * series, also those of the other slices of their series, which it has to read anyhow. No prediction is made for slices
 * that are not eligible, and none for slices of studies that arrive or that a job works on: the job will come to them.
 * @returns for each id its prediction; null where there is none to be had; TooManyMissing after the first
 *   `MOST_MISSING`.
 */
export async function predictMissing(
  context: Context,
  modelId: string,
  sliceIds: readonly string[],
): Promise<(Prediction | TooManyMissing | null)[]> {
  const { models, prisma } = context;
  const running = models.running(modelId);
  if (!running) return sliceIds.map(() => null);
  const slices = await prisma.slice.findMany({
    where: {
      id: { in: [...sliceIds] },
      OR: [{ eligible: true }, { series: { examinedAt: null } }],
      series: {
        study: { OR: [{ status: { in: ['CLASSIFIED', 'PARTIAL'] } }, { status: 'RECEIVING', settleAt: null }] },
      },
    },
    include: sliceWithFile,
    orderBy: [{ seriesId: 'asc' }, { position: 'asc' }],
  });
  const shadow = modelId !== models.active.model.id;
  let count = 0;
  for (const asked of bySeries(slices)) {
    if (count >= MOST_MISSING) break;
    count += await readOnce(context, running, asked.slice(0, MOST_MISSING - count), shadow);
  }
  const rows = await prisma.prediction.findMany({ where: { modelId, sliceId: { in: slices.map(({ id }) => id) } } });
  const made = new Map(rows.map((row) => [row.sliceId, row]));
  const there = new Set(slices.map(({ id }) => id));
  return sliceIds.map((id) => made.get(id) ?? (there.has(id) ? tooMany() : null));
}

/**
 * Predicts slices of one series. A query that asks for a series which another query has read at this moment waits for
 * that one.
 * @returns the number of slices that went through the network.
 */
async function readOnce(
  context: Context,
  running: RunningModel,
  asked: SliceWithFile[],
  shadow: boolean,
): Promise<number> {
  const { seriesBeingRead } = context.caches;
  const read = () => predictSlices(context, running, asked, { shadow, known: 'KEEP' });
  if (!readsSeries(running) || !asked.some(({ eligible }) => eligible)) return read();
  const key = `${running.model.id} ${asked[0]?.seriesId}`;
  const reading = seriesBeingRead.get(key) ?? read().finally(() => seriesBeingRead.delete(key));
  seriesBeingRead.set(key, reading);
  return reading;
}

function tooMany(): TooManyMissing {
  return new TooManyMissing(
    `A query computes some ${MOST_MISSING} missing predictions. Ask again for the others, or use classifyStudy.`,
  );
}
