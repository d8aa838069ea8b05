import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { type PageArgs, readCursor, writeCursor } from '../schema/connection.js';
import type { SliceFilter, SliceOrder } from '../schema/filters.js';
import { keepPage, pageInfoOf, readPageArgs } from '../schema/keyset.js';
import type { Slice } from '../schema/slice.js';
import { groupBy } from '../statistics/groupBy.js';

const SLICES_PER_PAGE = 100;
const MOST_PER_PAGE = 500;

/** Which page of the slices of a study or a series. */
export type SlicePage = {
  of: 'study' | 'series';
  id: string;
  args: PageArgs;
  filter: SliceFilter | null;
  order: SliceOrder | null;
  /** Whose predictions the filter is about. */
  modelId: string;
};

/** The slices in their order, with what a Relay connection says of the page. */
export type SliceRows = {
  edges: { readonly cursor: string; row: Slice }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
};

/**
 * The same page of many studies, or series, in one statement: a dashboard asks for the slices of each of its studies.
 * @param pages alike but for `id`.
 */
export async function readSlicePages(prisma: PrismaClient, pages: readonly SlicePage[]): Promise<SliceRows[]> {
  const [page] = pages;
  if (!page) return [];
  const { args, filter, modelId, of, order } = page;
  const { after, before } = args;
  const { backward, size } = readPageArgs(args, SLICES_PER_PAGE, MOST_PER_PAGE);
  const ascending = ((order?.direction ?? 'ASC') === 'ASC') !== backward;
  const conditions = [
    of === 'study' ? Prisma.sql`e."studyId" = parent.id` : Prisma.sql`s."seriesId" = parent.id`,
    ...(after ? [bound(pages, after, 'after', ascending !== backward)] : []),
    ...(before ? [bound(pages, before, 'before', ascending === backward)] : []),
    ...conditionsOf(filter, modelId),
  ];
  const direction = Prisma.raw(ascending ? 'ASC' : 'DESC');
  const rows = await prisma.$queryRaw<(Slice & { parentId: string })[]>`
    SELECT parent.id AS "parentId", found.* FROM unnest(${pages.map(({ id }) => id)}::text[]) AS parent(id)
    CROSS JOIN LATERAL (
      SELECT s.* FROM "Slice" s JOIN "Series" e ON e.id = s."seriesId"
      WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY s."seriesId" ${direction}, s.position ${direction}, s.id ${direction} LIMIT ${size + 1}
    ) found`;
  const byParent = groupBy(rows, ({ parentId }) => parentId);
  return pages.map((own) => {
    const { id } = own;
    const found = byParent.get(id) ?? [];
    const kept = keepPage(found, size, backward);
    const edges = kept.map((row) => ({
      /** Written when it is asked for: dashboards have thousands of edges, and ask for none. */
      get cursor() {
        return writeCursor(nameOf(own), [row.seriesId, row.position, row.id]);
      },
      row,
    }));
    return { edges, pageInfo: pageInfoOf(edges, args, { backward, more: found.length > size }) };
  });
}

function nameOf({ id, of, order }: SlicePage): string {
  return `slices of ${of} ${id} ${order?.direction ?? 'ASC'}`;
}

/** A cursor is one of each of the pages' lists, or it is refused. */
function bound(pages: readonly SlicePage[], cursor: string, argument: string, larger: boolean): Prisma.Sql {
  const [key] = pages.map((page) => readCursor(nameOf(page), cursor, ['string', 'integer', 'string'], argument));
  const [seriesId, position, id] = key as (string | number | null)[];
  const than = Prisma.raw(larger ? '>' : '<');
  return Prisma.sql`(s."seriesId", s.position, s.id) ${than} (${seriesId}, ${position}::int, ${id})`;
}

function conditionsOf(filter: SliceFilter | null, modelId: string): Prisma.Sql[] {
  if (!filter) return [];
  const { eligible, label, minConfidence, model, status } = filter;
  const ofAnswers = (label || minConfidence != null) && !status; // an abstention only guesses
  const predicted = [
    ...(status ? [Prisma.sql`p.status::text = ANY(${status})`] : []),
    ...(ofAnswers ? [Prisma.sql`p.status = 'CLASSIFIED'`] : []),
    ...(label ? [Prisma.sql`p.label = ANY(${label})`] : []),
    ...(minConfidence != null ? [Prisma.sql`p.confidence >= ${minConfidence}`] : []),
  ];
  // The prediction that is shown, as answerOf chooses it.
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
