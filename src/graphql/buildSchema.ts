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

/** type-graphql requires a PubSub for subscriptions. It is not used, because ours follow the database's changes. */
const NO_TOPICS: PubSub = {
  publish: () => {},
  subscribe: () => {
    throw new Error('A subscription needs a `subscribe` of its own, see src/resolvers/updates.ts.');
  },
};

const ROOTS = {
  Query: 'Queries for what is stored here, and for what archives answer now.',
  Mutation: 'Mutations, which change something. Research use only – not for diagnostic use.',
  Subscription: 'Subscriptions to changes, over a WebSocket (graphql-transport-ws) at the same address.',
};

/** Builds the schema of the whole API. The committed schema.graphql is printed from it. */
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
    validate: false, // resolvers check their arguments, with messages that name the cure
  });
  // type-graphql's own resolveType returns a promise, for which compiled operations (jitGateway.ts) do not wait.
  const node = schema.getType('Node') as GraphQLInterfaceType;
  node.resolveType = ({ id }: { id: string }) => kindOf(id);
  for (const [name, description] of Object.entries(ROOTS)) {
    const root = schema.getType(name);
    if (root) root.description = description; // root types have no class that could hold it
  }
  return schema;
}
