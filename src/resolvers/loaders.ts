import DataLoader from 'dataloader';
import type {
  ConflictingInstance,
  Model,
  Prediction,
  Prisma,
  PrismaClient,
  Review,
  Series,
  Slice,
  Study,
} from '../generated/prisma/client.js';
import { groupBy } from '../statistics/groupBy.js';
import { readSlicePages, type SlicePage, type SliceRows } from './slicePages.js';

const OLDEST_FIRST: Prisma.ReviewOrderByWithRelationInput[] = [{ createdAt: 'asc' }, { id: 'asc' }];

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
    reviewsOfPrediction: many<Review>(
      (ids) => prisma.review.findMany({ where: { predictionId: { in: ids } }, orderBy: OLDEST_FIRST }),
      (row) => row.predictionId as string,
    ),
    /** Of the studies as a whole. */
    reviewsOfStudy: many<Review>(
      (ids) => prisma.review.findMany({ where: { studyId: { in: ids }, predictionId: null }, orderBy: OLDEST_FIRST }),
      (row) => row.studyId,
    ),
    reportsOfStudy: many(
      (ids) =>
        prisma.report.findMany({ where: { studyId: { in: ids } }, orderBy: [{ createdAt: 'asc' }, { kind: 'asc' }] }),
      (row) => row.studyId,
    ),
    slicePage: new DataLoader<SlicePage, SliceRows, string>(
      async (pages) => {
        // One statement for all that differ in their parent alone.
        const kinds = groupBy([...pages.entries()], ([, page]) => JSON.stringify({ ...page, id: null }));
        const results: SliceRows[] = [];
        for (const alike of kinds.values()) {
          const found = await readSlicePages(
            prisma,
            alike.map(([, page]) => page),
          );
          for (const [at, [index]] of alike.entries()) results[index] = found[at] as SliceRows;
        }
        return results;
      },
      { cacheKeyFn: (page) => JSON.stringify(page) },
    ),
    conflictsOfStudy: many<ConflictingInstance>(
      (ids) =>
        prisma.conflictingInstance.findMany({ where: { studyId: { in: ids } }, orderBy: { receivedAt: 'desc' } }),
      ({ studyId }) => studyId,
    ),
    instancesOfStudy: new DataLoader<string, { here: number; conflicting: number }>(async (ids) => {
      const rows = await prisma.$queryRaw<{ studyId: string; here: number; conflicting: number }[]>`
        SELECT s.id AS "studyId",
          (SELECT count(*) FROM "Series" e JOIN "Instance" i ON i."seriesId" = e.id
            WHERE e."studyId" = s.id AND NOT i."ownResult")::int AS here,
          (SELECT count(*) FROM "ConflictingInstance" c
            WHERE c."studyId" = s.id AND c."resolvedAt" IS NULL)::int AS conflicting
        FROM unnest(${[...ids]}::text[]) AS s(id)`;
      const counts = new Map(rows.map((row) => [row.studyId, row]));
      return ids.map((id) => counts.get(id) ?? { here: 0, conflicting: 0 });
    }),
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
