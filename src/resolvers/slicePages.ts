import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { type PageArgs, readCursor, writeCursor } from '../schema/connection.js';
import type { SliceFilter, SliceOrder } from '../schema/filters.js';
import { keepPage, pageInfoOf, readPageArgs } from '../schema/keyset.js';
import type { Slice } from '../schema/slice.js';
import { groupBy } from '../statistics/groupBy.js';

const SLICES_PER_PAGE = 100;
const MOST_PER_PAGE = 500;

/** Asks for a page of the slices of the study or series `id`. */
export type SlicePageRequest = {
  of: 'study' | 'series';
  id: string;
  args: PageArgs;
  filter: SliceFilter | null;
  order: SliceOrder | null;
  /** The model whose predictions the filter applies to, if the filter names none: the active one. */
  modelId: string;
};

/** The slices of a page in their order, with the page's place in its list (Relay). */
export type SlicePage = {
  edges: { readonly cursor: string; row: Slice }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
};

/**
 * Reads the same page of many studies, or series, in one statement: a dashboard asks for the slices of each of its studies.
 * @param requests which differ in `id` alone.
 * @returns the page of each request, in the same order.
 * @throws GraphQLError BAD_USER_INPUT for sizes and cursors that are not valid.
 */
export async function readSlicePages(
  prisma: PrismaClient,
  requests: readonly SlicePageRequest[],
): Promise<SlicePage[]> {
  const [request] = requests;
  if (!request) return [];
  const { args, filter, modelId, of, order } = request;
  const { after, before } = args;
  const { backward, size } = readPageArgs(args, SLICES_PER_PAGE, MOST_PER_PAGE);
  const ascending = ((order?.direction ?? 'ASC') === 'ASC') !== backward;
  const conditions = [
    of === 'study' ? Prisma.sql`e."studyId" = parent.id` : Prisma.sql`s."seriesId" = parent.id`,
    ...(after ? [bound(requests, after, 'after', ascending !== backward)] : []),
    ...(before ? [bound(requests, before, 'before', ascending === backward)] : []),
    ...conditionsOf(filter, modelId),
  ];
  const direction = Prisma.raw(ascending ? 'ASC' : 'DESC');
  const rows = await prisma.$queryRaw<(Slice & { parentId: string })[]>`
    SELECT parent.id AS "parentId", found.* FROM unnest(${requests.map(({ id }) => id)}::text[]) AS parent(id)
    CROSS JOIN LATERAL (
      SELECT s.* FROM "Slice" s JOIN "Series" e ON e.id = s."seriesId"
      WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY s."seriesId" ${direction}, s.position ${direction}, s.id ${direction} LIMIT ${size + 1}
    ) found`;
  const byParent = groupBy(rows, ({ parentId }) => parentId);
  return requests.map((own) => {
    const found = byParent.get(own.id) ?? [];
    const kept = keepPage(found, size, backward);
    const edges = kept.map((row) => ({
      /** Written when it is read: dashboards show thousands of edges and read no cursor. */
      get cursor() {
        return writeCursor(nameOf(own), [row.seriesId, row.position, row.id]);
      },
      row,
    }));
    return { edges, pageInfo: pageInfoOf(edges, args, { backward, more: found.length > size }) };
  });
}

/** The name of the list in its cursors. */
function nameOf({ id, of, order }: SlicePageRequest): string {
  return `slices of ${of} ${id} ${order?.direction ?? 'ASC'}`;
}

/** @throws GraphQLError BAD_USER_INPUT for a cursor that is not one of each of the lists. */
function bound(requests: readonly SlicePageRequest[], cursor: string, argument: string, larger: boolean): Prisma.Sql {
  const [key] = requests.map((request) =>
    readCursor(nameOf(request), cursor, ['string', 'integer', 'string'], argument),
  );
  const [seriesId, position, id] = key as (string | number | null)[];
  const than = Prisma.raw(larger ? '>' : '<');
  return Prisma.sql`(s."seriesId", s.position, s.id) ${than} (${seriesId}, ${position}::int, ${id})`;
}

function conditionsOf(filter: SliceFilter | null, modelId: string): Prisma.Sql[] {
  if (!filter) return [];
  const { eligible, label, minConfidence, model, status } = filter;
  const ofAnswers = (label || minConfidence != null) && !status; // the label of an abstention is a guess
  const predicted = [
    ...(status ? [Prisma.sql`p.status::text = ANY(${status})`] : []),
    ...(ofAnswers ? [Prisma.sql`p.status = 'CLASSIFIED'`] : []),
    ...(label ? [Prisma.sql`p.label = ANY(${label})`] : []),
    ...(minConfidence != null ? [Prisma.sql`p.confidence >= ${minConfidence}`] : []),
  ];
  // The prediction that Slice.prediction shows, chosen as answerOf does.
  const shown = model
    ? Prisma.sql`SELECT * FROM "Prediction" WHERE "sliceId" = s.id AND "modelId" = ${model}`
    : Prisma.sql`
      SELECT * FROM "Prediction" WHERE "sliceId" = s.id AND ("modelId" = ${modelId} OR NOT shadow)
      ORDER BY "modelId" = ${modelId} DESC, "createdAt" DESC LIMIT 1`;
  return [
    ...(eligible != null ? [Prisma.sql`s.eligible = ${eligible}`] : []),
    ...(predicted.length > 0
      ? [Prisma.sql`EXISTS (SELECT 1 FROM (${shown}) AS p WHERE ${Prisma.join(predicted, ' AND ')})`]
      : []),
  ];
}
