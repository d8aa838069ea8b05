import { Arg, Args, Ctx, ID, Query, Resolver } from 'type-graphql';
import { countStatistics } from '../evaluation/countStatistics.js';
import { PeriodArgs, readPeriod } from '../schema/period.js';
import { Statistics } from '../schema/statistics.js';
import { findModel, type Request } from './request.js';

@Resolver()
export class StatisticsResolver {
  @Query(() => Statistics, { description: 'Counts of what arrived, and of what became of it.' })
  async statistics(
    @Arg('model', () => ID, {
      nullable: true,
      description: 'Id of the model whose predictions and findings count. By default the active model.',
    })
    model: string | null,
    @Args() period: PeriodArgs,
    @Ctx() request: Request,
  ): Promise<Statistics> {
    const { id } = await findModel(request, model);
    return countStatistics(request.context, id, readPeriod(period));
  }
}
