import 'reflect-metadata';
import './enums.js';
import type { GraphQLSchema } from 'graphql';
import { buildSchema } from 'type-graphql';
import { JobResolver } from '../resolvers/job.js';
import { ModelResolver } from '../resolvers/model.js';
import { PacsResolver, PacsStudyResolver } from '../resolvers/pacs.js';
import { ExplanationResolver, PredictionResolver } from '../resolvers/prediction.js';
import { ServerResolver } from '../resolvers/server.js';
import { SliceResolver } from '../resolvers/slice.js';
import { SeriesResolver, StudyFindingResolver, StudyResolver } from '../resolvers/study.js';
import { DateTimeScalar } from './scalars.js';

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
    ],
    scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
    validate: false, // arguments are checked where they are used, with messages that name the cure
  });
}
