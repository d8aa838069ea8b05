import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Report, ReportStatus } from '../schema/study.js';
import { type Request, shownTo } from './request.js';

@Resolver(() => Report)
export class ReportResolver {
  @FieldResolver(() => String, {
    nullable: true,
    description: 'Why it was not stored at the last attempt; where the archive is only for callers who may operate.',
  })
  error(@Root() { error }: Report, @Ctx() request: Request): string | null {
    return error === null ? null : shownTo(request, error);
  }

  @FieldResolver(() => ReportStatus, { description: 'What became of it.' })
  status(@Root() { storedAt, withheld }: Report): ReportStatus {
    if (storedAt !== null) return 'STORED';
    return withheld === null ? 'PENDING' : 'WITHHELD';
  }
}
