-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "AbstentionReason" ADD VALUE 'TOO_SMALL';
ALTER TYPE "AbstentionReason" ADD VALUE 'KINDS_DISAGREE';
ALTER TYPE "AbstentionReason" ADD VALUE 'TOO_FEW_SLICES';

-- AlterTable
ALTER TABLE "StudyFinding" ADD COLUMN     "kinds" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "probabilities" JSONB NOT NULL DEFAULT '[]';
