import { ArgsType, Field } from 'type-graphql';
import type { Period } from '../evaluation/period.js';
import { badInput } from './connection.js';
import { DateTimeScalar } from './scalars.js';

/** Arguments of a period; either end may be open. */
@ArgsType()
export class PeriodArgs {
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'First moment of the period. By default the period has no beginning.',
  })
  from?: Date | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'First moment after the period. By default the period has no end.',
  })
  to?: Date | null;
}

/** @throws GraphQLError BAD_USER_INPUT for a period before the year 1, or without a moment in it. */
export function readPeriod({ from = null, to = null }: PeriodArgs): Period {
  // PostgreSQL has no year 0.
  if ([from, to].some((time) => time !== null && time.getUTCFullYear() < 1))
    throw badInput('`from` and `to` must be of the year 1 or later.');
  if (from !== null && to !== null && from >= to) throw badInput('`from` must be before `to`.');
  return { from, to };
}
