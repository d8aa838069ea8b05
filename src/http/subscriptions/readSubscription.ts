import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { hashOperation } from '../../config/persistedOperations.js';
import { unknownOperation } from '../../graphql/guardOperations.js';
import { limitOperation } from '../../graphql/limitOperation.js';
import { MAX_TOKENS } from '../../graphql/limits.js';
import { checkRights } from '../../identity/checkRights.js';
import type { SubscriptionRequest } from '../../resolvers/updates.js';

type SubscribeMessage = {
  payload: SubscribePayload;
  schema: GraphQLSchema;
  production: boolean;
  /** Whether the socket already has the largest number of subscriptions that it may have. */
  exhausted: boolean;
};

/**
 * Reads a `subscribe` message under the rules that hold over HTTP: size, validity, persisted operations, cost and rights.
 * @returns what graphql-ws is to execute, or the errors that refuse it.
 */
export function readSubscription(
  { exhausted, payload, production, schema }: SubscribeMessage,
  request: SubscriptionRequest,
): ExecutionArgs | GraphQLError[] {
  if (exhausted)
    return [
      refusal('TOO_MANY_SUBSCRIPTIONS', 'This socket has too many subscriptions. End one, or open another socket.'),
    ];
  let document: DocumentNode;
  try {
    document = parse(payload.query, { maxTokens: MAX_TOKENS });
  } catch (error) {
    return [refusal('GRAPHQL_PARSE_FAILED', (error as Error).message)];
  }
  const rules = production ? [...specifiedRules, NoSchemaIntrospectionCustomRule] : specifiedRules;
  const faults = validate(schema, document, rules);
  if (faults.length > 0)
    return faults.map(({ message, nodes }) =>
      refusal('GRAPHQL_VALIDATION_FAILED', production ? message.replace(/ ?Did you mean.+$/s, '') : message, nodes),
    );
  const { operationName, variables } = payload;
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== 'subscription')
    return [
      refusal('OPERATION_RESOLUTION_FAILURE', 'Only subscriptions go over this socket. POST all else to /graphql.'),
    ];
  const { operations } = request.context.config;
  if (operations && !operations.has(hashOperation(payload.query))) return [unknownOperation()];
  try {
    limitOperation(schema, document, operationName, variables);
    checkRights(schema, document, operationName, request.caller);
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
  return {
    schema,
    document,
    operationName,
    variableValues: variables,
    contextValue: request,
  } as ExecutionArgs;
}

function refusal(code: string, message: string, nodes?: GraphQLError['nodes']): GraphQLError {
  return new GraphQLError(message, { nodes: nodes ?? null, extensions: { code } });
}
