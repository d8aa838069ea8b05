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

type EndedOperation = GraphQLRequestContextWillSendResponse<Request>;

/**
 * Guards each operation. Before it runs, it is refused if it costs too much or its caller lacks a right. Before its answer
 * leaves, the audit holds who saw whom and did what; if it cannot, the answer is held back with AUDIT_UNAVAILABLE.
 */
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
          log.error({ err: error }, 'The audit cannot be written; an answer was held back.');
          const known = asKnown(error);
          const message =
            known?.message ?? 'The audit cannot be written, so the answer is held back. Try again shortly.';
          const code = known?.code ?? 'AUDIT_UNAVAILABLE';
          ended.response.body = { kind: 'single', singleResult: { errors: [{ message, extensions: { code } }] } };
        }
      },
    }),
  };
}

/** Codes of failures whose messages may hold the address of another machine. */
const OF_OTHER_MACHINES = /^(PACS|WEBHOOK|IDENTITY|DATABASE)_/;

/** Hides the addresses of other machines in all errors from callers without the right "operate". */
function hideAddresses({ contextValue, response: { body } }: EndedOperation): void {
  if (body.kind !== 'single' || !body.singleResult.errors) return;
  body.singleResult.errors = body.singleResult.errors.map((error) => ({
    ...error,
    message: OF_OTHER_MACHINES.test(String(error.extensions?.code))
      ? shownTo(contextValue, error.message)
      : error.message,
  }));
}

/** Refuses an operation that PERSISTED_OPERATIONS does not list: only those that front ends were built with are answered. */
export function unknownOperation(): GraphQLError {
  return new GraphQLError('Only operations of PERSISTED_OPERATIONS are answered, and this is not one of them.', {
    extensions: { code: 'OPERATION_NOT_PERSISTED', http: { status: 400 } },
  });
}

/** The audit's entries of an operation's mutations, failed ones too. None if the operation was refused before it ran. */
async function mutationsOf(
  { contextValue, document, errors = [], operation, request, response }: EndedOperation,
  schema: GraphQLSchema,
  prisma: Context['prisma'],
): Promise<Access[]> {
  const type = schema.getMutationType();
  const ran = response.body.kind === 'single' && response.body.singleResult.data !== undefined;
  if (operation?.operation !== 'mutation' || !document || !type || !ran) return [];
  const { address, caller, touched } = contextValue;
  const variables = request.variables ?? {};
  const { coerced = {} } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  // Collected as the executor does: with fragments, and without fields that @skip leaves out.
  const fields = collectFields(schema, fragmentsOf(document), coerced, type, operation.selectionSet);
  const accesses = [...fields].map(async ([key, [field]]): Promise<Access | null> => {
    if (!field || field.name.value.startsWith('__')) return null;
    const input = field.arguments?.find(({ name }) => name.value === 'input')?.value;
    const values = (input ? valueFromASTUntyped(input, coerced) : {}) as Record<string, unknown> | null;
    const { studyInstanceUid, ...rest } = values ?? {};
    const object = Object.entries(rest).find(([name]) => /(?:^id|Id|InstanceUid)$/.test(name))?.[1];
    // Valid ids are plain ASCII, and PostgreSQL cannot store NUL.
    const id = typeof object === 'string' ? object.slice(0, 64).replace(/[^ -~]/g, '?') : null;
    const studyOfObject = id ? await studyOf(prisma, id) : (touched ?? null);
    const failed = errors.find(({ path }) => path?.[0] === key);
    return {
      subject: caller.subject,
      action: field.name.value,
      studyInstanceUid:
        typeof studyInstanceUid === 'string' && isUid(studyInstanceUid) ? studyInstanceUid : studyOfObject,
      object: id,
      address,
      outcome: failed ? outcomeOf(failed) : 'OK',
    };
  });
  return (await Promise.all(accesses)).filter((access) => access !== null);
}

function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment]));
}

/** The entry of an operation that a resolver refused. didResolveOperation records those refused before they ran. */
function refusalsOf({ contextValue, errors = [], operation }: EndedOperation): Access[] {
  if (operation?.operation === 'mutation') return []; // mutationsOf has their outcome
  const { address, caller } = contextValue;
  const refused = errors.some((error) => error.path && outcomeOf(error) === 'FORBIDDEN');
  return refused ? [denied(caller.subject, address)] : [];
}

function outcomeOf(error: unknown): string {
  const { extensions, originalError } = error as { extensions?: { code?: unknown }; originalError?: unknown };
  return asKnown(originalError)?.code ?? String(extensions?.code ?? 'INTERNAL_SERVER_ERROR');
}
