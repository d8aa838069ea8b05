import { badInput, type PageArgs, type PageInfo, pageSize, readCursor, writeCursor } from './connection.js';

/** A column that rows are ordered by; ties are broken by `id`, in the same direction. Nulls come last, either way. */
export type Order<Row> = {
  /** What the list is called, in its cursors. */
  list: string;
  column: keyof Row & string;
  kind: 'date' | 'number' | 'string';
  direction: 'asc' | 'desc';
  nullable?: boolean;
};

/** A page of rows from one place on, in either direction. */
export type Keyset = { where: object; orderBy: object[]; take: number };

export type Page<Row> = {
  keyset: Keyset;
  /** @param rows of the keyset, one more than the page where there are more. */
  show(rows: Row[]): {
    edges: { cursor: string; node: Row }[];
    nodes: Row[];
    pageInfo: PageInfo;
  };
};

/**
 * By key, not by offset: a page stays where it was while rows come and go (Relay's Cursor Connections, 4).
 * @throws GraphQLError BAD_USER_INPUT for sizes and cursors that are none.
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
        cursor: writeCursor(nameOf(order), [keyOf(node[order.column]), node.id]),
        node,
      }));
      return { edges, nodes, pageInfo: pageInfoOf(edges, args, { backward, more: rows.length > size }) };
    },
  };
}

/** @throws GraphQLError BAD_USER_INPUT for both ends at once, and for a size that is none. */
export function readPageArgs({ first, last }: PageArgs, usual: number, most: number) {
  if (first != null && last != null) throw badInput('Give `first` or `last`, not both.');
  const backward = last != null;
  return { backward, size: pageSize(backward ? last : first, usual, most, backward ? 'last' : 'first') };
}

/** @param rows from the end that was asked for, one more than the page where there are more. @returns those of it, in order. */
export function keepPage<Row>(rows: readonly Row[], size: number, backward: boolean): Row[] {
  const kept = rows.slice(0, size);
  return backward ? kept.reverse() : kept;
}

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

type Key = { value: Date | number | string | null; id: string };

function nameOf<Row>({ column, direction, list }: Order<Row>): string {
  return `${list} ${column} ${direction}`;
}

function readKey<Row>(order: Order<Row>, cursor: string, argument: string): Key {
  const { kind, nullable } = order;
  const [value = null, id] = readCursor(nameOf(order), cursor, [nullable ? `${kind}?` : kind, 'string'], argument);
  return { value: kind === 'date' && value !== null ? new Date(value) : value, id: id as string };
}

function keyOf(value: unknown): string | number | null {
  if (value instanceof Date) return value.toISOString();
  return (value ?? null) as string | number | null;
}

/** What comes after a key in the order. */
function behind<Row>({ column, direction, nullable }: Order<Row>, { id, value }: Key): object {
  const beyond = direction === 'asc' ? 'gt' : 'lt';
  const tie = { [column]: value, id: { [beyond]: id } };
  if (value === null) return tie;
  const further = { [column]: { [beyond]: value } };
  if (nullable) return { OR: [further, tie, { [column]: null }] };
  // The first part alone is what an index serves.
  return { [column]: { [`${beyond}e`]: value }, OR: [further, { id: { [beyond]: id } }] };
}

/** What comes before it. */
function ahead<Row>({ column, direction }: Order<Row>, { id, value }: Key): object {
  const beyond = direction === 'asc' ? 'lt' : 'gt';
  const tie = { [column]: value, id: { [beyond]: id } };
  if (value === null) return { OR: [{ [column]: { not: null } }, tie] };
  return { [column]: { [`${beyond}e`]: value }, OR: [{ [column]: { [beyond]: value } }, { id: { [beyond]: id } }] };
}

function opposite(direction: 'asc' | 'desc') {
  return direction === 'asc' ? ('desc' as const) : ('asc' as const);
}
