import {
  type ConstDirectiveNode,
  type GraphQLSchema,
  Kind,
  lexicographicSortSchema,
  parse,
  print,
  printSchema,
  visit,
} from 'graphql';

/** The name of the specification, as its readers know it; nothing is fetched from there. */
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])';

/**
 * The schema as a subgraph of Apollo Federation 2 publishes it: whatever has a global id is an entity, to which other
 * graphs may add fields by that id; we answer no `_entities`, so no key is resolvable here. PageInfo is the same in every
 * graph that has it. See docs/decisions/0006-federation.md.
 */
export function federatedSdl(schema: GraphQLSchema): string {
  const document = visit(parse(printSchema(lexicographicSortSchema(schema))), {
    ObjectTypeDefinition: (type) => {
      const isEntity = type.interfaces?.some(({ name }) => name.value === 'Node');
      const directive = isEntity ? KEY : type.name.value === 'PageInfo' ? SHAREABLE : undefined;
      return directive && { ...type, directives: [...(type.directives ?? []), directive] };
    },
  });
  return `${LINK}\n\n${print(document)}`;
}

const named = (value: string) => ({ kind: Kind.NAME as const, value });
const SHAREABLE: ConstDirectiveNode = { kind: Kind.DIRECTIVE, name: named('shareable') };
const KEY: ConstDirectiveNode = {
  kind: Kind.DIRECTIVE,
  name: named('key'),
  arguments: [
    { kind: Kind.ARGUMENT, name: named('fields'), value: { kind: Kind.STRING, value: 'id' } },
    { kind: Kind.ARGUMENT, name: named('resolvable'), value: { kind: Kind.BOOLEAN, value: false } },
  ],
};
