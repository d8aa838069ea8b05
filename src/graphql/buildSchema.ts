import 'reflect-metadata';
import '../schema/enums.js';
import type { GraphQLInterfaceType, GraphQLSchema } from 'graphql';
import { buildSchema, type PubSub } from 'type-graphql';
import { kindOf } from '../database/kindOf.js';
import { ComparisonResolver } from '../resolvers/comparison.js';
import { ConflictResolver } from '../resolvers/conflict.js';
import { EvaluationResolver, LabelMetricsResolver } from '../resolvers/evaluation.js';
import { ImageResolver } from '../resolvers/image.js';
import { JobResolver } from '../resolvers/job.js';
import { ModelResolver } from '../resolvers/model.js';
import { PacsResolver, PacsStudyResolver } from '../resolvers/pacs.js';
import { ExplanationResolver, PredictionResolver } from '../resolvers/prediction.js';
import { ReportResolver } from '../resolvers/report.js';
import { PredictionReviewsResolver, ReviewResolver, StudyReviewsResolver } from '../resolvers/review.js';
import { ServerResolver } from '../resolvers/server.js';
import { SliceResolver } from '../resolvers/slice.js';
import { StatisticsResolver } from '../resolvers/statistics.js';
import { SeriesResolver, StudyFindingResolver, StudyResolver } from '../resolvers/study.js';
import { UpdatesResolver } from '../resolvers/updates.js';
import { DateTimeScalar } from '../schema/scalars.js';

/** type-graphql demands one where there are subscriptions; ours follow the database's changes, which no topic names. */
const NO_TOPICS: PubSub = {
  publish: () => {},
  subscribe: () => {
    throw new Error('A subscription needs a `subscribe` of its own, see src/resolvers/updates.ts.');
  },
};

const ROOTS = {
  Query: 'What is stored here, and what archives answer when they are asked.',
  Mutation: 'What may be asked to be done. Research use only – not for diagnostic use.',
  Subscription: 'What changes, over a WebSocket (graphql-transport-ws) at the same address.',
};

/** The whole API. schema.graphql, which is committed, is this, printed. */
export async function buildApiSchema(): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers: [
      ComparisonResolver,
      ConflictResolver,
      EvaluationResolver,
      ExplanationResolver,
      ImageResolver,
      JobResolver,
      LabelMetricsResolver,
      ModelResolver,
      PacsResolver,
      PacsStudyResolver,
      PredictionResolver,
      PredictionReviewsResolver,
      ReportResolver,
      ReviewResolver,
      SeriesResolver,
      ServerResolver,
      SliceResolver,
      StatisticsResolver,
      StudyFindingResolver,
      StudyResolver,
      StudyReviewsResolver,
      UpdatesResolver,
    ],
    pubSub: NO_TOPICS,
    scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
    validate: false, // arguments are checked where they are used, with messages that name the cure
  });
  // type-graphql answers through a promise, for which compiled operations (src/graphql/jitGateway.ts) do not wait here.
  const node = schema.getType('Node') as GraphQLInterfaceType;
  node.resolveType = ({ id }: { id: string }) => kindOf(id);
  for (const [name, description] of Object.entries(ROOTS)) {
    const root = schema.getType(name);
    if (root) root.description = description; // they have no class that could say it
  }
  return schema;
}
