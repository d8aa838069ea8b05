import type { IncomingMessage } from 'node:http';
import { type ExecutionArgs, GraphQLError, type GraphQLSchema } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { Context } from '../../context.js';
import { denied } from '../../identity/audit.js';
import { authenticates } from '../../identity/authenticate.js';
import type { Caller } from '../../identity/caller.js';
import type { ChangeHub } from '../../notifications/changes.js';
import { openRequest } from '../../resolvers/request.js';
import { countOperation, firstCode } from '../../telemetry/observeOperations.js';
import { countRate } from '../requests/countRate.js';
import { requestIdOf } from '../requests/requestId.js';
import type { SocketConnection } from './admitCaller.js';
import type { Client } from './clientOf.js';
import { readSubscription } from './readSubscription.js';

const MOST_PER_SOCKET = 32;
const RATE_LIMITED = { extensions: { code: 'RATE_LIMITED' } };

type Parts = {
  schema: GraphQLSchema;
  changes: ChangeHub;
  clientOfRequest: (request: IncomingMessage) => Client;
  sign: (caller: Caller, path: string) => string;
};

/**
 * Answers a `subscribe` message: what graphql-ws is to execute, or the errors that refuse it. Counts the operation, and
 * records one that its caller may not have.
 */
export function startSubscription(context: Context, { changes, clientOfRequest, schema, sign }: Parts) {
  const { audit, config, metrics } = context;
  const isRateLimited = authenticates(config.identity);
  const rate = countRate();
  return async (
    { extra, subscriptions }: SocketConnection,
    _id: string,
    payload: SubscribePayload,
  ): Promise<ExecutionArgs | GraphQLError[]> => {
    const caller = extra.caller as Caller;
    const { address, origin } = clientOfRequest(extra.request);
    if (isRateLimited && rate(caller.subject).count > config.rateLimit) {
      countOperation(metrics, 'subscription', 'RATE_LIMITED');
      return [new GraphQLError('Too many subscriptions. Try again in a minute.', RATE_LIMITED)];
    }
    const exhausted = Object.keys(subscriptions).length > MOST_PER_SOCKET;
    const operation = readSubscription(
      { payload, schema, production: config.production, exhausted },
      {
        ...openRequest(context, caller, address, requestIdOf(extra.request)),
        pictureUrl: (path) => origin + sign(caller, path),
        changes,
      },
    );
    const code = Array.isArray(operation) ? firstCode(operation) : 'OK';
    countOperation(metrics, 'subscription', code);
    if (code === 'FORBIDDEN') await audit.record([denied(caller.subject, address)]);
    return operation;
  };
}
