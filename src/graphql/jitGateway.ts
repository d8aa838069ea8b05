import type { GatewayInterface } from '@apollo/server-gateway-interface';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';

/** Largest number of compiled operations that are kept, about 18 kB each. The oldest is dropped first. */
const MOST_COMPILED = 500;

/**
 * A gateway, which is Apollo Server's way to have another executor: graphql-jit compiles each operation once and runs the
 * compiled code from then on.
 */
export function jitGateway(schema: GraphQLSchema): GatewayInterface {
  const compiledOperations = new Map<string, CompiledQuery>();
  const executor: Awaited<ReturnType<GatewayInterface['load']>>['executor'] = async (operation) => {
    const { context, document, operationName, queryHash, request } = operation;
    const key = `${queryHash} ${operationName ?? ''}`;
    let compiled = compiledOperations.get(key);
    if (!compiled) {
      const result = compileQuery(schema, document, operationName ?? undefined);
      if (!isCompiledQuery(result)) return result;
      if (compiledOperations.size >= MOST_COMPILED)
        compiledOperations.delete(compiledOperations.keys().next().value as string);
      compiledOperations.set(key, result);
      compiled = result;
    }
    // limitOperation has refused variables that are not valid.
    const { errors, ...result } = await compiled.query(undefined, context, request.variables ?? {});
    return errors ? { ...result, errors: errors.map(asGraphQLError) } : result;
  };
  return {
    load: async () => ({ executor }),
    onSchemaLoadOrUpdate: (tell) => {
      tell({ apiSchema: schema, coreSupergraphSdl: '' });
      return () => {};
    },
    stop: async () => {},
  };
}

/** Makes a GraphQLError of graphql-jit's own error class, which `instanceof GraphQLError` does not recognise. */
function asGraphQLError(error: GraphQLError): GraphQLError {
  const { extensions, message, nodes, originalError, path } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    path: path ?? null,
    originalError: originalError ?? null,
    extensions: extensions ?? {},
  });
}
