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

/** Names the specification by its URL, from which nothing is fetched. */
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])';

/**
 * Prints the schema as a subgraph of Apollo Federation 2. Each type with a global id is an entity, to which other graphs may
 * add fields by that id. No key is resolvable here, because this server does not answer `_entities`. PageInfo is shareable,
 * as every graph that has it has the same. See docs/decisions/0006-federation.md.
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

const nameNode = (value: string) => ({ kind: Kind.NAME as const, value });
const SHAREABLE: ConstDirectiveNode = { kind: Kind.DIRECTIVE, name: nameNode('shareable') };
const KEY: ConstDirectiveNode = {
  kind: Kind.DIRECTIVE,
  name: nameNode('key'),
  arguments: [
    { kind: Kind.ARGUMENT, name: nameNode('fields'), value: { kind: Kind.STRING, value: 'id' } },
    { kind: Kind.ARGUMENT, name: nameNode('resolvable'), value: { kind: Kind.BOOLEAN, value: false } },
  ],
};
