import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Caller } from './caller.js';
import { demandOf } from './table.js';

/**
 * Checks the rights for every field that an operation names, before any resolver runs, so that no resolver can forget to.
 * Fields that @skip leaves out count as well.
 * @throws GraphQLError FORBIDDEN with the fields and the missing rights.
 */
export function checkRights(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  { rights }: Caller,
): void {
  const operations = separateOperations(document);
  const operation = operations[operationName ?? ''] ?? document;
  const missing = new Map<string, Set<string>>();
  const types = new TypeInfo(schema);
  visit(
    operation,
    visitWithTypeInfo(types, {
      Field: ({ name: { value: field } }) => {
        const type = types.getParentType()?.name ?? '';
        if (field.startsWith('__') || type.startsWith('__')) return undefined; // whether the schema may be read is decided elsewhere
        const demand = demandOf(type, field);
        if (typeof demand === 'object') return rights.has(demand.right) ? undefined : false; // the field will be null, so the fields below it do not count
        if (demand === undefined || !rights.has(demand)) note(missing, demand ?? 'nobody', `${type}.${field}`);
        return undefined;
      },
    }),
  );
  if (missing.size === 0) return;
  const parts = [...missing].map(([right, fields]) => `${[...fields].join(', ')} need "${right}"`);
  throw new GraphQLError(`You may not ask for this: ${parts.join('; ')}. An administrator grants rights.`, {
    extensions: { code: 'FORBIDDEN', http: { status: 403 } },
  });
}

function note(missing: Map<string, Set<string>>, right: string, field: string): void {
  missing.set(right, (missing.get(right) ?? new Set()).add(field));
}
