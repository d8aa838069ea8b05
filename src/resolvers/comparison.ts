import { Arg, Args, Ctx, ID, Query, Resolver } from 'type-graphql';
import { type Compared, compareModels } from '../evaluation/compareModels.js';
import { ModelComparison } from '../schema/comparison.js';
import { badInput } from '../schema/connection.js';
import { PeriodArgs, readPeriod } from '../schema/period.js';
import { findModel, type Request } from './request.js';

@Resolver()
export class ComparisonResolver {
  @Query(() => ModelComparison, {
    description: "Compares the answers of two models, such as a shadow and the active one, with the readers' labels.",
  })
  async modelComparison(
    @Arg('first', () => ID, { nullable: true, description: 'Id of the first model. By default the active model.' })
    first: string | null,
    @Arg('second', () => ID, { description: 'Id of the second model, such as a shadow.' }) second: string,
    @Args() period: PeriodArgs,
    @Ctx() request: Request,
  ): Promise<Compared> {
    const firstModel = await findModel(request, first);
    const secondModel = await findModel(request, second);
    if (firstModel.id === secondModel.id) throw badInput('`first` and `second` are the same model. Name another one.');
    return compareModels(request.context, {
      first: firstModel.id,
      second: secondModel.id,
      period: readPeriod(period),
    });
  }
}
