import type { Context } from '../context.js';
import { TooManyMissing } from '../errors/errors.js';
import type { Prediction } from '../generated/prisma/client.js';
import { bySeries, classifySlices, type SliceWithFile, sliceWithFile } from './classifySeries.js';

/** Of one query: some seconds on a slow machine; for a model that reads series, the series that this falls in to its end. */
export const MOST_MISSING = 64;

/**
 * Predicts slices that have no prediction by a model that runs, and stores that; for a model that reads series, those of
 * their series as well, which have to be looked at anyhow. Those that are passed over, by themselves or with their
 * series, stay without, and those of studies that arrive or that a job is at: it will come to them.
 * @returns for each id its prediction, null where there is none to be had, TooManyMissing behind the first `MOST_MISSING`.
 */
export async function predictMissing(
  program: Context,
  modelId: string,
  sliceIds: readonly string[],
): Promise<(Prediction | TooManyMissing | null)[]> {
  const running = program.models.running(modelId);
  if (!running) return sliceIds.map(() => null);
  const { prisma } = program;
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
  const context = { ...program, ...running };
  const shadow = modelId !== program.model.id;
  let count = 0;
  for (const asked of bySeries(slices)) {
    if (count >= MOST_MISSING) break;
    count += await readOnce(context, asked.slice(0, MOST_MISSING - count), shadow);
  }
  const rows = await prisma.prediction.findMany({ where: { modelId, sliceId: { in: slices.map(({ id }) => id) } } });
  const made = new Map(rows.map((row) => [row.sliceId, row]));
  const there = new Set(slices.map(({ id }) => id));
  return sliceIds.map((id) => made.get(id) ?? (there.has(id) ? tooMany() : null));
}

/** Series that are read whole for a query at this moment, by model and series. */
const beingRead = new Map<string, Promise<number>>();

/** Who asks for a series that another query has read already waits for that. @returns how many slices were looked at. */
async function readOnce(context: Context, asked: SliceWithFile[], shadow: boolean): Promise<number> {
  const read = () => classifySlices(context, asked, { shadow, known: 'KEEP' });
  if (!context.classifier.manifest.inSeries || !asked.some(({ eligible }) => eligible)) return read();
  const key = `${context.model.id} ${asked[0]?.seriesId}`;
  const reading = beingRead.get(key) ?? read().finally(() => beingRead.delete(key));
  beingRead.set(key, reading);
  return reading;
}

function tooMany(): TooManyMissing {
  return new TooManyMissing(
    `A query computes some ${MOST_MISSING} missing predictions. Ask again for the others, or use classifyStudy.`,
  );
}
