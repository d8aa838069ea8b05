-- AlterTable
ALTER TABLE "Prediction" ADD COLUMN     "shadow" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "StudyFinding" ADD COLUMN     "shadow" BOOLEAN NOT NULL DEFAULT false;
