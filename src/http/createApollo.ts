import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Context } from '../context.js';
import { answerLegacyJson } from '../graphql/answerLegacyJson.js';
import { formatError } from '../graphql/formatError.js';
import { guardOperations } from '../graphql/guardOperations.js';
import { jitGateway } from '../graphql/jitGateway.js';
import { MAX_TOKENS } from '../graphql/limits.js';
import type { Request } from '../resolvers/request.js';
import { observeOperations } from '../telemetry/observeOperations.js';

/** The Apollo Server that answers operations on /graphql, not started yet. It closes with `app`. */
export function createApollo(app: FastifyInstance, context: Context, schema: GraphQLSchema): ApolloServer<Request> {
  const { config, log } = context;
  return new ApolloServer<Request>({
    gateway: jitGateway(schema),
    introspection: !config.production,
    hideSchemaDetailsFromClientErrors: config.production,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false, // main.ts closes everything in order; a second listener would interrupt that
    persistedQueries: persistedQueries(config.operations),
    validationOptions: { maxErrors: 5 },
    parseOptions: { maxTokens: MAX_TOKENS },
    formatError: formatError(log),
    plugins: [
      guardOperations(schema, context),
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginCacheControlDisabled(), // it instruments every field, and nothing is cached
      ApolloServerPluginLandingPageDisabled(), // it loads its page from the internet
      answerLegacyJson,
      observeOperations(context),
    ],
  });
}

/** Only the operations of the list can be asked for by hash. Nobody can add one, and without a list there are none. */
function persistedQueries(operations: ReadonlyMap<string, string> | undefined) {
  if (!operations) return false;
  const get = async (key: string) => operations.get(key.replace(/^apq:/, ''));
  return { cache: { get, set: async () => {}, delete: async () => false } };
}
