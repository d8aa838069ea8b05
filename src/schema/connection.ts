import { GraphQLError } from 'graphql';
import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'The place of a page in its list (Relay).' })
export class PageInfo {
  @Field({ description: 'Whether entries follow this page.' })
  hasNextPage!: boolean;

  @Field({ description: 'Whether entries precede this page.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first edge. Null if the page is empty.' })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the last edge. Null if the page is empty.' })
  endCursor!: string | null;
}

/** Arguments of lists that an archive holds. They go forward only, because the archives' protocols do. */
@ArgsType()
export class ForwardPageArgs {
  @Field(() => Int, { nullable: true, description: 'Largest number of entries, counted from the start of the list.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor; only entries that follow it are returned.' })
  after?: string | null;
}

/** Arguments of lists that can be read from either end. */
@ArgsType()
export class PageArgs extends ForwardPageArgs {
  @Field(() => Int, { nullable: true, description: 'Largest number of entries, counted from the end of the list.' })
  last?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor; only entries that precede it are returned.' })
  before?: string | null;
}

/**
 * Makes the connection and edge classes (Relay) for lists of `nodeType`.
 * @param name of the node's GraphQL type.
 */
export function connectionOf<T extends object>(nodeType: () => ClassType<T>, name: string) {
  @ObjectType(`${name}Edge`, { description: 'An entry of a list, with its cursor.' })
  class Edge {
    @Field({ description: 'Opaque place in the list, for `after` and `before`.' })
    cursor!: string;

    @Field(() => nodeType(), { description: 'The entry.' })
    node!: T;
  }

  @ObjectType(`${name}Connection`, { description: 'A page of a list.' })
  class Connection {
    @Field(() => [Edge], { description: 'Entries of the page, each with its cursor.' })
    edges!: Edge[];

    @Field(() => [nodeType()], { description: 'Entries of the page without cursors.' })
    nodes!: T[];

    @Field(() => PageInfo, { description: 'Place of this page in the list.' })
    pageInfo!: PageInfo;
  }
  return Connection;
}

/**
 * Writes the place of an entry in a list as a cursor, which is opaque for clients and checked when it comes back.
 * @param list name of the list and its order: a cursor of another list or order is refused.
 * @param key values by which the list is ordered.
 */
export function writeCursor(list: string, key: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify([list, ...key])).toString('base64url');
}

const CURSOR_PARTS = {
  string: (value: unknown) => typeof value === 'string' && !value.includes('\0'),
  integer: (value: unknown) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
  number: (value: unknown) => Number.isFinite(value),
  // Exactly as writeCursor writes it: JavaScript reads the 31st of February as the 3rd of March, and databases refuse it.
  date: (value: unknown) => typeof value === 'string' && ISO_TIME.test(value) && isSameTime(value),
};

const ISO_TIME = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function isSameTime(text: string): boolean {
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text;
}

type CursorPart = keyof typeof CURSOR_PARTS;

/**
 * Reads a cursor that writeCursor wrote.
 * @param list the same name as when it was written.
 * @param parts kind of each value of the key, in order; with "?" the value may be null.
 * @param argument name of the argument that holds the cursor.
 * @throws GraphQLError BAD_USER_INPUT naming `argument`.
 */
export function readCursor(
  list: string,
  cursor: string,
  parts: readonly (CursorPart | `${CursorPart}?`)[],
  argument = 'after',
): (string | number | null)[] {
  const fits = (value: unknown, part: string) =>
    part.endsWith('?') && value === null ? true : CURSOR_PARTS[part.replace('?', '') as CursorPart](value);
  try {
    const [writtenFor, ...key] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (writtenFor === list && key.length === parts.length && parts.every((part, index) => fits(key[index], part)))
      return key;
  } catch {}
  throw badInput(`\`${argument}\` is not a cursor of this list in this order. Use the cursors of a page of it.`);
}

/**
 * The size of a page.
 * @param size requested; null for the `usual` one.
 * @param most largest size that is allowed.
 * @throws GraphQLError BAD_USER_INPUT naming `argument` for a size below 1 or above `most`.
 */
export function pageSize(size: number | null | undefined, usual: number, most: number, argument = 'first'): number {
  const first = size ?? usual;
  if (first < 1 || first > most) throw badInput(`\`${argument}\` must be from 1 to ${most}.`);
  return first;
}

/**
 * Makes the connection of a page that goes forward.
 * @param rows of the page, and one more if entries follow it.
 * @param key values by which the list is ordered.
 */
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

/** An error that tells a client what is wrong with an argument, with the code BAD_USER_INPUT. */
export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
