import { type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildApiSchema } from '../../src/graphql/buildSchema.js';
import { RIGHTS, ROLES, rightsOf } from '../../src/identity/caller.js';
import { DEMANDS, demandOf } from '../../src/identity/table.js';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildApiSchema();
});

const fieldsOf = (typeName: string) => {
  const type = schema.getType(typeName);
  return isObjectType(type) || isInterfaceType(type) ? Object.keys(type.getFields()) : [];
};

describe('the table of rights', () => {
  it('states a right for every field of every type', () => {
    const types = Object.keys(schema.getTypeMap()).filter((name) => !name.startsWith('__'));
    const unstated = types.flatMap((type) =>
      fieldsOf(type).flatMap((field) => (demandOf(type, field) ? [] : [`${type}.${field}`])),
    );
    expect(unstated).toEqual([]);
  });

  it('states none for what does not exist', () => {
    const stale = Object.entries(DEMANDS).flatMap(([type, entry]) => {
      const fields = fieldsOf(type);
      if (fields.length === 0) return [type];
      if (typeof entry === 'string' || 'without' in entry) return [];
      return Object.keys(entry).flatMap((field) => (fields.includes(field) ? [] : [`${type}.${field}`]));
    });
    expect(stale).toEqual([]);
  });

  it('demands for each mutation more than to read', () => {
    for (const field of fieldsOf('Mutation')) expect(demandOf('Mutation', field), field).not.toBe('read');
  });

  it('gives identity and pixels to no reader and no operator', () => {
    for (const role of ['reader', 'operator'] as const)
      for (const right of ['identity', 'pixels'] as const) expect(rightsOf([role]).has(right)).toBe(false);
    expect(rightsOf(['reader', 'pixels'])).toEqual(new Set(['read', 'pixels']));
    expect([...ROLES.admin]).toEqual([...RIGHTS]);
  });
});
