import { badInput, type PageArgs, type PageInfo, pageSize, readCursor, writeCursor } from './connection.js';

/** The order of a list: by a column, and by `id` in the same direction where the column is equal. Nulls always come last. */
export type Order<Row> = {
  /** Name of the list in its cursors. */
  list: string;
  column: keyof Row & string;
  kind: 'date' | 'number' | 'string';
  direction: 'asc' | 'desc';
  nullable?: boolean;
};

/** Arguments of Prisma's `findMany` that read a page from one place on. `take` is one more than the page's size. */
export type Keyset = { where: object; orderBy: object[]; take: number };

/** How to read a page, and how to show what was read as a connection (Relay). */
export type Page<Row> = {
  keyset: Keyset;
  /** @param rows that `keyset` finds. */
  show(rows: Row[]): {
    edges: { cursor: string; node: Row }[];
    nodes: Row[];
    pageInfo: PageInfo;
  };
};

/**
 * Reads a page by key, not by offset, so that it stays where it was while rows come and go (Relay's Cursor Connections, 4).
 * @param usual size of a page if none is requested.
 * @param most largest size that is allowed.
 * @throws GraphQLError BAD_USER_INPUT for sizes and cursors that are not valid.
 */
export function pageBy<Row extends { id: string }>(
  args: PageArgs,
  order: Order<Row>,
  usual: number,
  most: number,
): Page<Row> {
  const { after, before } = args;
  const { backward, size } = readPageArgs(args, usual, most);
  const direction = backward ? opposite(order.direction) : order.direction;
  const sorted = order.nullable ? { sort: direction, nulls: backward ? 'first' : 'last' } : direction;
  const bounds = [
    ...(after ? [behind(order, readKey(order, after, 'after'))] : []),
    ...(before ? [ahead(order, readKey(order, before, 'before'))] : []),
  ];
  return {
    keyset: { where: { AND: bounds }, orderBy: [{ [order.column]: sorted }, { id: direction }], take: size + 1 },
    show: (rows) => {
      const nodes = keepPage(rows, size, backward);
      const edges = nodes.map((node) => ({
        cursor: writeCursor(nameOf(order), [cursorValue(node[order.column]), node.id]),
        node,
      }));
      return { edges, nodes, pageInfo: pageInfoOf(edges, args, { backward, more: rows.length > size }) };
    },
  };
}

/**
 * Reads which end of a list is requested, and how many entries.
 * @throws GraphQLError BAD_USER_INPUT for both ends at once, and for a size that is not allowed.
 */
export function readPageArgs({ first, last }: PageArgs, usual: number, most: number) {
  if (first != null && last != null) throw badInput('Give `first` or `last`, not both.');
  const backward = last != null;
  return { backward, size: pageSize(backward ? last : first, usual, most, backward ? 'last' : 'first') };
}

/**
 * Keeps the rows that belong to a page, in the order of the list.
 * @param rows from the requested end, and one more if there are more.
 */
export function keepPage<Row>(rows: readonly Row[], size: number, backward: boolean): Row[] {
  const kept = rows.slice(0, size);
  return backward ? kept.reverse() : kept;
}

/** @param edges of the page. @param more whether there are more entries beyond the page in the requested direction. */
export function pageInfoOf(
  edges: readonly { cursor: string }[],
  { after, before }: PageArgs,
  { backward, more }: { backward: boolean; more: boolean },
): PageInfo {
  return {
    hasNextPage: backward ? Boolean(before) : more,
    hasPreviousPage: backward ? more : Boolean(after),
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
}

/** The place of a row in an order: the value of its column, and its id. */
type OrderKey = { value: Date | number | string | null; id: string };

function nameOf<Row>({ column, direction, list }: Order<Row>): string {
  return `${list} ${column} ${direction}`;
}

function readKey<Row>(order: Order<Row>, cursor: string, argument: string): OrderKey {
  const { kind, nullable } = order;
  const [value = null, id] = readCursor(nameOf(order), cursor, [nullable ? `${kind}?` : kind, 'string'], argument);
  return { value: kind === 'date' && value !== null ? new Date(value) : value, id: id as string };
}

function cursorValue(value: unknown): string | number | null {
  if (value instanceof Date) return value.toISOString();
  return (value ?? null) as string | number | null;
}

/** Condition for rows after a key in the order. */
function behind<Row>({ column, direction, nullable }: Order<Row>, { id, value }: OrderKey): object {
  const beyond = direction === 'asc' ? 'gt' : 'lt';
  const tie = { [column]: value, id: { [beyond]: id } };
  if (value === null) return tie;
  const further = { [column]: { [beyond]: value } };
  if (nullable) return { OR: [further, tie, { [column]: null }] };
  // An index serves the first part alone.
  return { [column]: { [`${beyond}e`]: value }, OR: [further, { id: { [beyond]: id } }] };
}

/** Condition for rows before a key in the order. */
function ahead<Row>({ column, direction }: Order<Row>, { id, value }: OrderKey): object {
  const beyond = direction === 'asc' ? 'lt' : 'gt';
  const tie = { [column]: value, id: { [beyond]: id } };
  if (value === null) return { OR: [{ [column]: { not: null } }, tie] };
  return { [column]: { [`${beyond}e`]: value }, OR: [{ [column]: { [beyond]: value } }, { id: { [beyond]: id } }] };
}

function opposite(direction: 'asc' | 'desc') {
  return direction === 'asc' ? ('desc' as const) : ('asc' as const);
}
