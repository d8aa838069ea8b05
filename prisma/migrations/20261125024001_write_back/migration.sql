-- AlterTable
ALTER TABLE "Instance" ADD COLUMN     "ownResult" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "StudyFinding" ADD COLUMN     "sliceIds" TEXT[];
