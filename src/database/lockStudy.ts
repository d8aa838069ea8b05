import type { Prisma } from '../generated/prisma/client.js';

/** Until the transaction ends nobody else changes the study, or records an object of it; who reads it does not wait. */
export async function lockStudy(tx: Prisma.TransactionClient, studyId: string): Promise<void> {
  await tx.$executeRaw`SELECT 1 FROM "Study" WHERE "id" = ${studyId} FOR NO KEY UPDATE`;
}
