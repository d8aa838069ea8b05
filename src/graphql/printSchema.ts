import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type GraphQLSchema, introspectionFromSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { writeMatrix } from '../identity/writeMatrix.js';
import { buildApiSchema } from './buildSchema.js';
import { federatedSdl } from './federatedSdl.js';

/**
 * Prints the files that `npm run schema` writes, by their path in the repository: the schema, its types for gql.tada, and
 * the right that each field needs.
 */
export async function printedSchema(): Promise<Record<string, string>> {
  const schema = lexicographicSortSchema(await buildApiSchema());
  const head = '# Printed from src/schema and src/resolvers by `npm run schema`; do not edit.\n\n';
  return {
    'schema.graphql': `${head}${printSchema(schema)}\n`,
    'docs/authorization-matrix.md': writeMatrix(schema),
    'examples/schema.d.ts': await writeTypes(schema),
  };
}

/** The schema as a type from which gql.tada infers the types of operations, without its declaration for whole programs. */
async function writeTypes(schema: GraphQLSchema): Promise<string> {
  const { minifyIntrospection, outputIntrospectionFile } = await import('@gql.tada/internal');
  const introspection = minifyIntrospection(introspectionFromSchema(schema, { descriptions: false }));
  const whole = outputIntrospectionFile(introspection, { fileType: '.d.ts', shouldPreprocess: true });
  const types = whole.slice(whole.indexOf('export type'), whole.indexOf('import * as gqlTada'));
  return `// Printed from schema.graphql by \`npm run schema\`; do not edit.\n\n${types.replace(/\/\*\*.*?\*\/\n/s, '').trimEnd()}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--federation')) console.log(federatedSdl(await buildApiSchema()));
  else
    for (const [path, text] of Object.entries(await printedSchema()))
      writeFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), text);
}
