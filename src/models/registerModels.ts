import { ModelInvalid } from '../errors/errors.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { ModelFile } from '../inference/manifest.js';

/**
 * Makes the models on disk known to the database.
 * @throws ModelInvalid when a graph was exchanged under a version that already made predictions.
 */
export async function registerModels(prisma: PrismaClient, models: readonly ModelFile[]): Promise<void> {
  await prisma.$transaction(async (tx) => {
    for (const model of models) {
      const { name, version, sha256, graphSha256, labels } = model.manifest;
      const known = await tx.model.findUnique({
        where: { name_version: { name, version } },
        include: { predictions: { take: 1, select: { id: true } } },
      });
      // Earlier versions knew a model by its graph alone, without the weights outside of it.
      const same = known?.sha256 === sha256 || known?.sha256 === graphSha256;
      if (known && !same && known.predictions.length > 0)
        throw new ModelInvalid(
          `${name} ${version} is not the model that made the stored predictions: its graph was exchanged, or weights of it were. Give the new one a version of its own, or restore the old one.`,
        );
      const facts = { sha256, labels, card: model.manifest.card as object };
      await tx.model.upsert({
        where: { name_version: { name, version } },
        create: { name, version, layers: [], ...facts },
        update: facts,
      });
    }
  });
}
