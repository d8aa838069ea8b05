import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { buildApiSchema } from './schema/buildSchema.js';

/** `npm run schema`: writes schema.graphql, what clients are written against. */
export async function printedSchema(): Promise<string> {
  return `# Printed from src/schema and src/resolvers by \`npm run schema\`; do not edit.\n\n${printSchema(lexicographicSortSchema(await buildApiSchema()))}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(fileURLToPath(new URL('../schema.graphql', import.meta.url)), await printedSchema());
}
