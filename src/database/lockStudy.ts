import type { Prisma } from '../generated/prisma/client.js';

/**
 * Locks a study's row until the transaction ends: nobody else changes the study, or records an object of it. Readers do
 * not wait.
 */
export async function lockStudy(tx: Prisma.TransactionClient, studyId: string): Promise<void> {
  await tx.$executeRaw`SELECT 1 FROM "Study" WHERE "id" = ${studyId} FOR NO KEY UPDATE`;
}
