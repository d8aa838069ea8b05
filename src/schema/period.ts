import { ArgsType, Field } from 'type-graphql';
import type { Period } from '../evaluation/period.js';
import { badInput } from './connection.js';
import { DateTimeScalar } from './scalars.js';

@ArgsType()
export class PeriodArgs {
  @Field(() => DateTimeScalar, { nullable: true, description: 'The first moment that counts; by default of all time.' })
  from?: Date | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'The first moment that counts no more; by default none.',
  })
  to?: Date | null;
}

export function readPeriod({ from = null, to = null }: PeriodArgs): Period {
  // PostgreSQL knows no year 0.
  if ([from, to].some((time) => time !== null && time.getUTCFullYear() < 1))
    throw badInput('`from` and `to` must be of the year 1 or later.');
  if (from !== null && to !== null && from >= to) throw badInput('`from` must be before `to`.');
  return { from, to };
}
