import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Report, ReportStatus } from '../schema/study.js';
import { type Request, shownTo } from './request.js';

@Resolver(() => Report)
export class ReportResolver {
  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Why the last attempt did not store the report. Callers without the right "operate" do not see the address of the archive. Null without an error.',
  })
  error(@Root() { error }: Report, @Ctx() request: Request): string | null {
    return error === null ? null : shownTo(request, error);
  }

  @FieldResolver(() => ReportStatus, { description: 'What became of the report.' })
  status(@Root() { storedAt, withheld }: Report): ReportStatus {
    if (storedAt !== null) return 'STORED';
    return withheld === null ? 'PENDING' : 'WITHHELD';
  }
}
