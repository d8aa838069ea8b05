import type { ApolloServerPlugin } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';
import type { Metrics } from './metrics.js';
import type { Tracing } from './tracing.js';

/** Type of a GraphQL operation; "none" where its document could not be read. */
type OperationType = 'query' | 'mutation' | 'subscription' | 'none';

/**
 * Counts operations by type and code, not by name: callers choose names, so there could be any number. Each error gets
 * the id of its request. Single fields are not observed, which would cost more than everything else here.
 */
export function observeOperations({
  metrics,
  tracing,
}: {
  metrics: Metrics;
  tracing: Tracing;
}): ApolloServerPlugin<{ requestId: string }> {
  return {
    requestDidStart: async ({ contextValue: { requestId } }) => {
      const began = performance.now();
      return {
        didEncounterErrors: async ({ errors }) => {
          for (const { extensions } of errors) extensions.requestId = requestId;
        },
        willSendResponse: async ({ operation, response: { body } }) => {
          const type: OperationType = operation?.operation ?? 'none';
          const code = firstCode(body.kind === 'single' ? body.singleResult.errors : undefined);
          countOperation(metrics, type, code);
          metrics.operationSeconds.observe({ type }, (performance.now() - began) / 1000);
          tracing.rename(`graphql ${type}`, { 'graphql.operation.type': type, 'mrimaster.code': code });
        },
      };
    },
  };
}

/** @param code "OK", or the code of its first error. */
export function countOperation({ operations }: Metrics, type: OperationType, code: string): void {
  operations.inc({ type, code });
}

/** @returns "OK", or the code of the first error. */
export function firstCode(errors: readonly Pick<GraphQLFormattedError, 'extensions'>[] | undefined): string {
  if (!errors?.length) return 'OK';
  return String(errors[0]?.extensions?.code ?? 'INTERNAL_SERVER_ERROR');
}
