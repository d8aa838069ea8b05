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
 * Whether a caller may ask for everything that an operation names, before any of it is carried out: no resolver has to
 * think of it, and none can forget. What @skip leaves out counts as well.
 * @throws GraphQLError FORBIDDEN with the fields and the rights that are missing.
 */
export function checkRights(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  { rights }: Caller,
): void {
  const operations = separateOperations(document);
  const asked = operations[operationName ?? ''] ?? document;
  const missing = new Map<string, Set<string>>();
  const types = new TypeInfo(schema);
  visit(
    asked,
    visitWithTypeInfo(types, {
      Field: ({ name: { value: field } }) => {
        const type = types.getParentType()?.name ?? '';
        if (field.startsWith('__') || type.startsWith('__')) return undefined; // what may be seen of the schema is another rule
        const demand = demandOf(type, field);
        if (typeof demand === 'object') return rights.has(demand.right) ? undefined : false; // null: nothing below it counts
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
