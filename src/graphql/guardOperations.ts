import type { ApolloServerPlugin, GraphQLRequestContextWillSendResponse } from '@apollo/server';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  valueFromASTUntyped,
} from 'graphql';
import { collectFields } from 'graphql/execution/collectFields.js';
import type { Context } from '../context.js';
import { studyOf } from '../database/studyOf.js';
import { asKnown } from '../errors/asKnown.js';
import { type Access, denied } from '../identity/audit.js';
import { checkRights } from '../identity/checkRights.js';
import { isUid } from '../pacs/header/uid.js';
import { type Request, shownTo } from '../resolvers/request.js';
import { limitOperation } from './limitOperation.js';

type Ended = GraphQLRequestContextWillSendResponse<Request>;

/** Before an operation runs: whether it is not too much, and its caller may. Before its answer leaves: who saw whom and did what is in the audit. */
export function guardOperations(
  schema: GraphQLSchema,
  { audit, config, log, prisma }: Context,
): ApolloServerPlugin<Request> {
  const { operations } = config;
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ contextValue, document, operationName, queryHash, request }) => {
        if (operations && !operations.has(queryHash)) throw unknownOperation();
        limitOperation(schema, document, operationName, request.variables);
        try {
          checkRights(schema, document, operationName, contextValue.caller);
        } catch (error) {
          const { address, caller } = contextValue;
          await audit.record([denied(caller.subject, address)]);
          throw error;
        }
      },
      willSendResponse: async (ended) => {
        hideAddresses(ended);
        try {
          await audit.record([
            ...ended.contextValue.accesses.values(),
            ...(await mutationsOf(ended, schema, prisma)),
            ...refusalsOf(ended),
          ]);
        } catch (error) {
          // What cannot be written down is not told.
          log.error({ err: error }, 'The audit cannot be written; an answer was held back.');
          const known = asKnown(error);
          const message = known?.message ?? 'The audit cannot be written, so nothing is told. Try again shortly.';
          const code = known?.code ?? 'AUDIT_UNAVAILABLE';
          ended.response.body = { kind: 'single', singleResult: { errors: [{ message, extensions: { code } }] } };
        }
      },
    }),
  };
}

/** Codes of failures that tell of other machines. */
const OF_OTHERS = /^(PACS|WEBHOOK|IDENTITY|DATABASE)_/;

/** Of the errors, whatever they are of: a caller who may not operate learns of no archive where it is. */
function hideAddresses({ contextValue, response: { body } }: Ended): void {
  if (body.kind !== 'single' || !body.singleResult.errors) return;
  body.singleResult.errors = body.singleResult.errors.map((error) => ({
    ...error,
    message: OF_OTHERS.test(String(error.extensions?.code)) ? shownTo(contextValue, error.message) : error.message,
  }));
}

/** Only what a front end was built with is answered: no other client can ask for anything. */
export function unknownOperation(): GraphQLError {
  return new GraphQLError('Only operations of PERSISTED_OPERATIONS are answered, and this is none of them.', {
    extensions: { code: 'OPERATION_NOT_PERSISTED', http: { status: 400 } },
  });
}

/** A row for each mutation that ran, whether it failed or not; of an operation that was refused before, nothing has. */
async function mutationsOf(
  { contextValue, document, errors = [], operation, request, response }: Ended,
  schema: GraphQLSchema,
  prisma: Context['prisma'],
): Promise<Access[]> {
  const type = schema.getMutationType();
  const ran = response.body.kind === 'single' && response.body.singleResult.data !== undefined;
  if (operation?.operation !== 'mutation' || !document || !type || !ran) return [];
  const { address, caller, touched } = contextValue;
  const variables = request.variables ?? {};
  const { coerced = {} } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  // As the executor reads them: from fragments, too, and without what @skip leaves out.
  const fields = collectFields(schema, fragmentsOf(document), coerced, type, operation.selectionSet);
  const accesses = [...fields].map(async ([key, [field]]): Promise<Access | null> => {
    if (!field || field.name.value.startsWith('__')) return null;
    const input = field.arguments?.find(({ name }) => name.value === 'input')?.value;
    const given = (input ? valueFromASTUntyped(input, coerced) : {}) as Record<string, unknown> | null;
    const { studyInstanceUid, ...rest } = given ?? {};
    const object = Object.entries(rest).find(([name]) => /(?:^id|Id|InstanceUid)$/.test(name))?.[1];
    // Ids are plain text; PostgreSQL keeps no NUL.
    const named = typeof object === 'string' ? object.slice(0, 64).replace(/[^ -~]/g, '?') : null;
    const about = named ? await studyOf(prisma, named) : (touched ?? null);
    const failed = errors.find(({ path }) => path?.[0] === key);
    return {
      subject: caller.subject,
      action: field.name.value,
      studyInstanceUid: typeof studyInstanceUid === 'string' && isUid(studyInstanceUid) ? studyInstanceUid : about,
      object: named,
      address,
      outcome: failed ? outcomeOf(failed) : 'OK',
    };
  });
  return (await Promise.all(accesses)).filter((access) => access !== null);
}

function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
  return Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment]));
}

/** What a resolver refused: before it ran, didResolveOperation has written it down. */
function refusalsOf({ contextValue, errors = [], operation }: Ended): Access[] {
  if (operation?.operation === 'mutation') return []; // whose rows say so
  const { address, caller } = contextValue;
  const refused = errors.some((error) => error.path && outcomeOf(error) === 'FORBIDDEN');
  return refused ? [denied(caller.subject, address)] : [];
}

function outcomeOf(error: unknown): string {
  const { extensions, originalError } = error as { extensions?: { code?: unknown }; originalError?: unknown };
  return asKnown(originalError)?.code ?? String(extensions?.code ?? 'INTERNAL_SERVER_ERROR');
}
