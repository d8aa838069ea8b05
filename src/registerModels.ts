import type { DatabaseRole } from './database.js';
import { ModelInvalid } from './errors.js';
import type { Model as ModelRow, PrismaClient } from './generated/prisma/client.js';
import type { Model } from './inference/manifest.js';

/**
 * Makes the models on disk known to the database and, for a server, `chosen` the active one. A tool beside a server may
 * work with another model.
 * @returns the row of `chosen`.
 * @throws ModelInvalid when a graph was exchanged under a version that already made predictions.
 */
export async function registerModels(
  prisma: PrismaClient,
  models: readonly Model[],
  chosen: Model,
  chosenLayers: string[],
  role: DatabaseRole,
): Promise<ModelRow> {
  await prisma.$transaction(async (tx) => {
    if (role === 'server') await tx.model.updateMany({ where: { state: 'ACTIVE' }, data: { state: 'AVAILABLE' } });
    for (const model of models) {
      const { name, version, sha256, labels } = model.manifest;
      const known = await tx.model.findUnique({
        where: { name_version: { name, version } },
        include: { predictions: { take: 1, select: { id: true } } },
      });
      if (known && known.sha256 !== sha256 && known.predictions.length > 0)
        throw new ModelInvalid(
          `${name} ${version} is not the model that made the stored predictions: its graph was exchanged. Give the new graph a version of its own, or restore the old one.`,
        );
      const facts = {
        sha256,
        labels,
        card: model.manifest.card as object,
        ...(model === chosen && { layers: chosenLayers }),
        ...(model === chosen && role === 'server' && { state: 'ACTIVE' as const }),
      };
      await tx.model.upsert({
        where: { name_version: { name, version } },
        create: { name, version, layers: [], ...facts },
        update: facts,
      });
    }
  });
  const { name, version } = chosen.manifest;
  return prisma.model.findUniqueOrThrow({ where: { name_version: { name, version } } });
}
