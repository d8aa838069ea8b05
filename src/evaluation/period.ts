import { Prisma } from '../generated/prisma/client.js';

/** Times t with `from` ≤ t < `to`; null: without bound. */
export type Period = { from: Date | null; to: Date | null };

/** SQL conditions that a column lies in the period, to be joined by AND. */
export function during(column: Prisma.Sql, { from, to }: Period): Prisma.Sql {
  return Prisma.sql`(${from === null ? Prisma.sql`TRUE` : Prisma.sql`${column} >= ${from}`}
    AND ${to === null ? Prisma.sql`TRUE` : Prisma.sql`${column} < ${to}`})`;
}
