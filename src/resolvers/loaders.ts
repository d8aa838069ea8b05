import DataLoader from 'dataloader';
import type { Model, Prediction, PrismaClient, Series, Slice, Study } from '../generated/prisma/client.js';

/** One query for all parents of a request, instead of one for each. Made anew for every request. */
export function createLoaders(prisma: PrismaClient) {
  return {
    study: one<Study>(
      (ids) => prisma.study.findMany({ where: { id: { in: ids } } }),
      ({ id }) => id,
    ),
    studyByUid: one<Study>(
      (uids) => prisma.study.findMany({ where: { studyInstanceUid: { in: uids } } }),
      ({ studyInstanceUid }) => studyInstanceUid,
    ),
    series: one<Series>(
      (ids) => prisma.series.findMany({ where: { id: { in: ids } } }),
      ({ id }) => id,
    ),
    slice: one<Slice>(
      (ids) => prisma.slice.findMany({ where: { id: { in: ids } } }),
      ({ id }) => id,
    ),
    model: one<Model>(
      (ids) => prisma.model.findMany({ where: { id: { in: ids } } }),
      ({ id }) => id,
    ),
    prediction: one<Prediction>(
      (ids) => prisma.prediction.findMany({ where: { id: { in: ids } } }),
      ({ id }) => id,
    ),
    seriesOfStudy: many<Series>(
      (ids) =>
        prisma.series.findMany({
          where: { studyId: { in: ids } },
          orderBy: [{ seriesNumber: { sort: 'asc', nulls: 'last' } }, { id: 'asc' }],
        }),
      ({ studyId }) => studyId,
    ),
    predictionsOfSlice: many<Prediction>(
      (ids) => prisma.prediction.findMany({ where: { sliceId: { in: ids } }, orderBy: { createdAt: 'asc' } }),
      ({ sliceId }) => sliceId,
    ),
    findingsOfStudy: many(
      (ids) => prisma.studyFinding.findMany({ where: { studyId: { in: ids } } }),
      (row) => row.studyId,
    ),
    reportsOfStudy: many(
      (ids) =>
        prisma.report.findMany({ where: { studyId: { in: ids } }, orderBy: [{ createdAt: 'asc' }, { kind: 'asc' }] }),
      (row) => row.studyId,
    ),
    jobsOfStudy: many(
      (ids) => prisma.job.findMany({ where: { studyId: { in: ids } }, orderBy: { createdAt: 'asc' } }),
      (row) => row.studyId as string,
    ),
  };
}

export type Loaders = ReturnType<typeof createLoaders>;

/** The row of each key; undefined where there is none. */
function one<Row>(fetch: (keys: string[]) => Promise<Row[]>, keyOf: (row: Row) => string) {
  return new DataLoader<string, Row | undefined>(async (keys) => {
    const rows = new Map((await fetch([...keys])).map((row) => [keyOf(row), row]));
    return keys.map((key) => rows.get(key));
  });
}

/** The rows of each key, in the order in which they were fetched. */
function many<Row>(fetch: (keys: string[]) => Promise<Row[]>, keyOf: (row: Row) => string) {
  return new DataLoader<string, Row[]>(async (keys) => {
    const groups = new Map<string, Row[]>(keys.map((key) => [key, []]));
    for (const row of await fetch([...keys])) groups.get(keyOf(row))?.push(row);
    return keys.map((key) => groups.get(key) ?? []);
  });
}
