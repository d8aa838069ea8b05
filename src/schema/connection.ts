import { GraphQLError } from 'graphql';
import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'Where a page lies in its list (Relay).' })
export class PageInfo {
  @Field({ description: 'Whether more follow.' })
  hasNextPage!: boolean;

  @Field({ description: 'Whether some were before.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first edge.' })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the last edge.' })
  endCursor!: string | null;
}

/** Of lists that an archive holds: its protocols know no way back. */
@ArgsType()
export class ForwardPageArgs {
  @Field(() => Int, { nullable: true, description: 'How many at most.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Only what follows this cursor.' })
  after?: string | null;
}

@ArgsType()
export class PageArgs extends ForwardPageArgs {
  @Field(() => Int, { nullable: true, description: 'How many at most, of the end of the list.' })
  last?: number | null;

  @Field(() => String, { nullable: true, description: 'Only what precedes this cursor.' })
  before?: string | null;
}

/** The connection and edge types (Relay) for lists of `nodeType`. */
export function connectionOf<T extends object>(nodeType: () => ClassType<T>, name: string) {
  @ObjectType(`${name}Edge`, { description: 'An entry, and its place in the list.' })
  class Edge {
    @Field({ description: 'For `after`; opaque.' })
    cursor!: string;

    @Field(() => nodeType(), { description: 'The entry itself.' })
    node!: T;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list.` })
  class Connection {
    @Field(() => [Edge], { description: 'The entries, each with its cursor.' })
    edges!: Edge[];

    @Field(() => [nodeType()], { description: 'The nodes of the edges, for those who need no cursors.' })
    nodes!: T[];

    @Field(() => PageInfo, { description: 'Where this page lies in the list.' })
    pageInfo!: PageInfo;
  }
  return Connection;
}

/**
 * What a list is ordered by, as a cursor: opaque for clients, checked when it comes back.
 * @param list which one, in which order: a place in another is none in this.
 */
export function writeCursor(list: string, key: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify([list, ...key])).toString('base64url');
}

const CURSOR_PARTS = {
  string: (value: unknown) => typeof value === 'string' && !value.includes('\0'),
  integer: (value: unknown) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
  number: (value: unknown) => Number.isFinite(value),
  // As we write it. Of other days databases know nothing, and JavaScript takes the 31st of February for the 3rd of March.
  date: (value: unknown) => typeof value === 'string' && ISO_TIME.test(value) && isSameTime(value),
};

const ISO_TIME = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function isSameTime(text: string): boolean {
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text;
}

type CursorPart = keyof typeof CURSOR_PARTS;

/** @param list as it was written. @param parts what it holds; with "?" or null. @throws GraphQLError BAD_USER_INPUT naming `argument`. */
export function readCursor(
  list: string,
  cursor: string,
  parts: readonly (CursorPart | `${CursorPart}?`)[],
  argument = 'after',
): (string | number | null)[] {
  const fits = (value: unknown, part: string) =>
    part.endsWith('?') && value === null ? true : CURSOR_PARTS[part.replace('?', '') as CursorPart](value);
  try {
    const [of, ...key] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (of === list && key.length === parts.length && parts.every((part, index) => fits(key[index], part))) return key;
  } catch {}
  throw badInput(`\`${argument}\` is no cursor of this list in this order. Use those of a page of it.`);
}

/** @param size the page size asked for; @param most the largest allowed. */
export function pageSize(size: number | null | undefined, usual: number, most: number, argument = 'first'): number {
  const first = size ?? usual;
  if (first < 1 || first > most) throw badInput(`\`${argument}\` must be from 1 to ${most}.`);
  return first;
}

/** @param rows one more than the page holds, where there are more. */
export function pageOf<T extends object>(
  list: string,
  rows: T[],
  first: number,
  after: string | null | undefined,
  key: (row: T) => (string | number)[],
) {
  const edges = rows.slice(0, first).map((node) => ({ cursor: writeCursor(list, key(node)), node }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: Boolean(after),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
