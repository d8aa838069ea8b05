import { buildSubgraphSchema } from '@apollo/subgraph';
import { buildSchema, isInterfaceType, parse } from 'graphql';
import { expect, it } from 'vitest';
import { buildApiSchema } from '../../src/graphql/buildSchema.js';
import { federatedSdl } from '../../src/graphql/federatedSdl.js';
import { printedSchema } from '../../src/graphql/printSchema.js';
import { lintSchema } from './lintSchema.js';

// From its text: the program and the tests have each a copy of graphql, and neither knows the other's types.
const printed = async () => buildSchema((await printedSchema())['schema.graphql'] as string);

it('every part of the API is described and named by the rules', async () => {
  expect(lintSchema(await printed())).toEqual([]);
});

it('the rules find what breaks them', () => {
  const schema = buildSchema(`
    "Described." type Query { "Described." Bad_name(Arg: Int): Int
      "Described." old: Int @deprecated(reason: "Because.")
      "Described." older: Int @deprecated(reason: "Use \`none\`. Removed not before 2027-01-01.")
      "Described." oldest: Int @deprecated(reason: "Use \`Query.old\` with care. Removed not before 2027-01-01.") }
    "Described." type Mutation { "Described." doIt("Described." input: Wishes!, "Described." more: Int): Int
      "Described." undo("Described." input: UndoInput): Int }
    "Described." input Wishes { "Described." a: Int }
    "Described." input UndoInput { "Described." a: Int }
    enum lower { "Described." value }`);
  expect(lintSchema(schema).sort()).toEqual(
    [
      'Query.Bad_name is not named like /^[a-z][a-zA-Z0-9]*$/',
      'Query.Bad_name(Arg) has no description',
      'Query.Bad_name(Arg) is not named like /^[a-z][a-zA-Z0-9]*$/',
      'Query.old is deprecated without "Use `…`. Removed not before YYYY-MM-DD."',
      'Query.older is deprecated for none, which there is not',
      'Mutation.doIt does not answer DoItPayload',
      'Mutation.doIt does not take exactly input: DoItInput!',
      'Mutation.undo does not answer UndoPayload',
      'Mutation.undo does not take exactly input: UndoInput!',
      'Wishes does not end in Input, Filter or Order',
      'lower has no description',
      'lower is not named like /^[A-Z][a-zA-Z0-9]*$/',
      'lower.value is not named like /^[A-Z][A-Z0-9_]*$/',
    ].sort(),
  );
});

it('is a valid subgraph, in which whatever has a global id is an entity that others may add to', async () => {
  const schema = await printed();
  const sdl = federatedSdl(await buildApiSchema());
  expect(() => buildSubgraphSchema(parse(sdl))).not.toThrow();
  const node = schema.getType('Node');
  const ours = isInterfaceType(node) ? schema.getPossibleTypes(node).map(({ name }) => name) : [];
  expect(ours.length).toBeGreaterThan(5);
  const entities = [...sdl.matchAll(/^type (\w+) .*@key\(fields: "id", resolvable: false\)/gm)].map(([, name]) => name);
  expect(entities.sort()).toEqual(ours.sort());
});
