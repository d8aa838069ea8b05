import 'reflect-metadata';
import './enums.js';
import type { GraphQLSchema } from 'graphql';
import { buildSchema, type PubSub } from 'type-graphql';
import { JobResolver } from '../resolvers/job.js';
import { ModelResolver } from '../resolvers/model.js';
import { PacsResolver, PacsStudyResolver } from '../resolvers/pacs.js';
import { ExplanationResolver, PredictionResolver } from '../resolvers/prediction.js';
import { ServerResolver } from '../resolvers/server.js';
import { SliceResolver } from '../resolvers/slice.js';
import { SeriesResolver, StudyFindingResolver, StudyResolver } from '../resolvers/study.js';
import { UpdatesResolver } from '../resolvers/updates.js';
import { DateTimeScalar } from './scalars.js';

/** type-graphql demands one where there are subscriptions; ours follow the database's changes, which no topic names. */
const NO_TOPICS: PubSub = {
  publish: () => {},
  subscribe: () => {
    throw new Error('A subscription needs a `subscribe` of its own, see src/resolvers/updates.ts.');
  },
};

/** The whole API. schema.graphql, which is committed, is this, printed. */
export function buildApiSchema(): Promise<GraphQLSchema> {
  return buildSchema({
    resolvers: [
      ExplanationResolver,
      JobResolver,
      ModelResolver,
      PacsResolver,
      PacsStudyResolver,
      PredictionResolver,
      SeriesResolver,
      ServerResolver,
      SliceResolver,
      StudyFindingResolver,
      StudyResolver,
      UpdatesResolver,
    ],
    pubSub: NO_TOPICS,
    scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
    validate: false, // arguments are checked where they are used, with messages that name the cure
  });
}
