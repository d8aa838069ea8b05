import { Arg, Args, Ctx, ID, Query, Resolver } from 'type-graphql';
import { type Compared, compareModels } from '../evaluation/compareModels.js';
import { ModelComparison } from '../schema/comparison.js';
import { badInput } from '../schema/connection.js';
import { PeriodArgs, readPeriod } from '../schema/period.js';
import { findModel, type Request } from './request.js';

@Resolver()
export class ComparisonResolver {
  @Query(() => ModelComparison, {
    description: 'Which of two models readers agree with, such as a shadow with the active one.',
  })
  async modelComparison(
    @Arg('first', () => ID, { nullable: true, description: 'By default the active one.' }) first: string | null,
    @Arg('second', () => ID, { description: 'Another one, such as a shadow.' }) second: string,
    @Args() period: PeriodArgs,
    @Ctx() request: Request,
  ): Promise<Compared> {
    const [one, other] = [await findModel(request, first), await findModel(request, second)];
    if (one.id === other.id) throw badInput('`first` and `second` are the same model. Name another one.');
    return compareModels(request.context, { first: one.id, second: other.id, period: readPeriod(period) });
  }
}
