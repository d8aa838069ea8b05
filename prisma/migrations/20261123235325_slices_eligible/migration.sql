-- AlterTable
ALTER TABLE "Instance" ALTER COLUMN "bytes" SET DATA TYPE BIGINT;

-- AlterTable
ALTER TABLE "Slice" ADD COLUMN     "eligible" BOOLEAN NOT NULL DEFAULT false;
