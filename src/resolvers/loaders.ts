import DataLoader from 'dataloader';
import type {
  ConflictingInstance as ConflictingInstanceRow,
  Model as ModelRow,
  Prediction as PredictionRow,
  Prisma,
  PrismaClient,
  Review as ReviewRow,
  Series as SeriesRow,
  Slice as SliceRow,
  Study as StudyRow,
} from '../generated/prisma/client.js';
import { groupBy } from '../statistics/groupBy.js';
import { readSlicePages, type SlicePage, type SlicePageRequest } from './slicePages.js';

/** Loaders that turn the queries of all parents of a request into one. They keep rows, so each request has its own. */
export function createLoaders(prisma: PrismaClient) {
  return {
    model: rowByKey<ModelRow>(
      (ids) => prisma.model.findMany({ where: { id: { in: ids } } }),
      ({ id }) => id,
    ),
    ...studyLoaders(prisma),
    ...seriesLoaders(prisma),
    ...sliceLoaders(prisma),
    ...predictionLoaders(prisma),
    ...reviewLoaders(prisma),
    ...instanceLoaders(prisma),
  };
}

export type Loaders = ReturnType<typeof createLoaders>;

function studyLoaders(prisma: PrismaClient) {
  return {
    study: rowByKey<StudyRow>(
      (ids) => prisma.study.findMany({ where: { id: { in: ids } } }),
      ({ id }) => id,
    ),
    studyByUid: rowByKey<StudyRow>(
      (uids) => prisma.study.findMany({ where: { studyInstanceUid: { in: uids } } }),
      ({ studyInstanceUid }) => studyInstanceUid,
    ),
    findingsOfStudy: rowsByKey(
      (ids) => prisma.studyFinding.findMany({ where: { studyId: { in: ids } } }),
      ({ studyId }) => studyId,
    ),
    reportsOfStudy: rowsByKey(
      (ids) =>
        prisma.report.findMany({ where: { studyId: { in: ids } }, orderBy: [{ createdAt: 'asc' }, { kind: 'asc' }] }),
      ({ studyId }) => studyId,
    ),
    jobsOfStudy: rowsByKey(
      (ids) => prisma.job.findMany({ where: { studyId: { in: ids } }, orderBy: { createdAt: 'asc' } }),
      ({ studyId }) => studyId as string,
    ),
  };
}

function seriesLoaders(prisma: PrismaClient) {
  return {
    series: rowByKey<SeriesRow>(
      (ids) => prisma.series.findMany({ where: { id: { in: ids } } }),
      ({ id }) => id,
    ),
    seriesOfStudy: rowsByKey<SeriesRow>(
      (ids) =>
        prisma.series.findMany({
          where: { studyId: { in: ids } },
          orderBy: [{ seriesNumber: { sort: 'asc', nulls: 'last' } }, { id: 'asc' }],
        }),
      ({ studyId }) => studyId,
    ),
  };
}

function sliceLoaders(prisma: PrismaClient) {
  return {
    slice: rowByKey<SliceRow>(
      (ids) => prisma.slice.findMany({ where: { id: { in: ids } } }),
      ({ id }) => id,
    ),
    slicePage: new DataLoader<SlicePageRequest, SlicePage, string>(
      async (requests) => {
        // One statement for all requests that differ in their parent alone.
        const groups = groupBy([...requests.entries()], ([, request]) => JSON.stringify({ ...request, id: null }));
        const pages: SlicePage[] = [];
        for (const group of groups.values()) {
          const read = await readSlicePages(
            prisma,
            group.map(([, request]) => request),
          );
          for (const [position, [index]] of group.entries()) pages[index] = read[position] as SlicePage;
        }
        return pages;
      },
      { cacheKeyFn: (request) => JSON.stringify(request) },
    ),
  };
}

function predictionLoaders(prisma: PrismaClient) {
  return {
    prediction: rowByKey<PredictionRow>(
      (ids) => prisma.prediction.findMany({ where: { id: { in: ids } } }),
      ({ id }) => id,
    ),
    predictionsOfSlice: rowsByKey<PredictionRow>(
      (ids) => prisma.prediction.findMany({ where: { sliceId: { in: ids } }, orderBy: { createdAt: 'asc' } }),
      ({ sliceId }) => sliceId,
    ),
  };
}

const OLDEST_FIRST: Prisma.ReviewOrderByWithRelationInput[] = [{ createdAt: 'asc' }, { id: 'asc' }];

function reviewLoaders(prisma: PrismaClient) {
  return {
    reviewsOfPrediction: rowsByKey<ReviewRow>(
      (ids) => prisma.review.findMany({ where: { predictionId: { in: ids } }, orderBy: OLDEST_FIRST }),
      ({ predictionId }) => predictionId as string,
    ),
    /** Reviews of studies as a whole, without those of their slices. */
    reviewsOfStudy: rowsByKey<ReviewRow>(
      (ids) => prisma.review.findMany({ where: { studyId: { in: ids }, predictionId: null }, orderBy: OLDEST_FIRST }),
      ({ studyId }) => studyId,
    ),
  };
}

/** `received`: instances of the study that are here; `conflicting`: unresolved ones that contradict these. */
type InstanceCounts = { received: number; conflicting: number };

function instanceLoaders(prisma: PrismaClient) {
  return {
    conflictsOfStudy: rowsByKey<ConflictingInstanceRow>(
      (ids) =>
        prisma.conflictingInstance.findMany({ where: { studyId: { in: ids } }, orderBy: { receivedAt: 'desc' } }),
      ({ studyId }) => studyId,
    ),
    instancesOfStudy: new DataLoader<string, InstanceCounts>(async (ids) => {
      const rows = await prisma.$queryRaw<({ studyId: string } & InstanceCounts)[]>`
        SELECT s.id AS "studyId",
          (SELECT count(*) FROM "Series" e JOIN "Instance" i ON i."seriesId" = e.id
            WHERE e."studyId" = s.id AND NOT i."ownResult")::int AS received,
          (SELECT count(*) FROM "ConflictingInstance" c
            WHERE c."studyId" = s.id AND c."resolvedAt" IS NULL)::int AS conflicting
        FROM unnest(${[...ids]}::text[]) AS s(id)`;
      const counts = new Map(rows.map((row) => [row.studyId, row]));
      return ids.map((id) => counts.get(id) ?? { received: 0, conflicting: 0 });
    }),
  };
}

/** The row of each key; undefined for a key without one. */
function rowByKey<Row>(fetch: (keys: string[]) => Promise<Row[]>, keyOf: (row: Row) => string) {
  return new DataLoader<string, Row | undefined>(async (keys) => {
    const rows = new Map((await fetch([...keys])).map((row) => [keyOf(row), row]));
    return keys.map((key) => rows.get(key));
  });
}

/** The rows of each key, in the order in which they were fetched. */
function rowsByKey<Row>(fetch: (keys: string[]) => Promise<Row[]>, keyOf: (row: Row) => string) {
  return new DataLoader<string, Row[]>(async (keys) => {
    const groups = new Map<string, Row[]>(keys.map((key) => [key, []]));
    for (const row of await fetch([...keys])) groups.get(keyOf(row))?.push(row);
    return keys.map((key) => groups.get(key) ?? []);
  });
}
