import { classifySlices } from './classifyStudy.js';
import type { Context } from './context.js';
import { TooManyMissing } from './errors.js';
import type { Prediction } from './generated/prisma/client.js';

const BATCH = 8;
/** Of one query: some seconds on a slow machine. */
export const MOST_MISSING = 64;
const NOT_LOOKED_AT = 'not looked at yet'; // the default of Series.eligibilityReason

/**
 * Predicts, in batches, slices that have no prediction by a model that runs, and stores that. Those that are
 * passed over, by themselves or with their series, stay without, and those of studies that arrive or that a job is at: it will come to them.
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
      OR: [{ eligible: true }, { series: { eligibilityReason: NOT_LOOKED_AT } }],
      series: {
        study: { OR: [{ status: { in: ['CLASSIFIED', 'PARTIAL'] } }, { status: 'RECEIVING', settleAt: null }] },
      },
    },
    include: { instance: { select: { path: true } } },
    orderBy: [{ seriesId: 'asc' }, { position: 'asc' }],
  });
  const context = { ...program, ...running };
  const shadow = modelId !== program.model.id;
  const now = slices.slice(0, MOST_MISSING);
  for (let start = 0; start < now.length; start += BATCH)
    await classifySlices(context, now.slice(start, start + BATCH), shadow);
  const rows = await prisma.prediction.findMany({ where: { modelId, sliceId: { in: now.map(({ id }) => id) } } });
  const made = new Map(rows.map((row) => [row.sliceId, row]));
  const later = new Set(slices.slice(MOST_MISSING).map(({ id }) => id));
  return sliceIds.map((id) => made.get(id) ?? (later.has(id) ? tooMany() : null));
}

function tooMany(): TooManyMissing {
  return new TooManyMissing(
    `A query computes ${MOST_MISSING} missing predictions at most. Ask again for the others, or use classifyStudy.`,
  );
}
