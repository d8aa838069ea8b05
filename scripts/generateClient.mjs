// Generates the database client from prisma/schema.prisma into src/generated, as `prisma generate` does and with the same
// generator. Prisma's command line would bring its Studio, its development server and a download of engines into each
// installation; docs/decisions/0010-compiled-where-installed.md has the figures.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// By require: the ES module of @prisma/client-common 7.10 names a file without its extension and cannot be imported.
const require = createRequire(import.meta.url);
const schema = fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url));

export async function generateClient() {
  const { getGenerator, loadSchemaContext } = require('@prisma/internals');
  const { PrismaClientTsGenerator } = require('@prisma/client-generator-ts');
  const generator = await getGenerator({
    schemaContext: await loadSchemaContext({ schemaPath: { cliProvidedPath: schema }, printLoadMessage: false }),
    registry: { 'prisma-client': { type: 'in-process', generator: new PrismaClientTsGenerator() } },
    skipDownload: true, // of engines, which the client does without
    cliCommand: 'npm run build',
  });
  await generator.generate();
  generator.stop();
}
