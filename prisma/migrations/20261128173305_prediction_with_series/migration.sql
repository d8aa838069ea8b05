-- AlterTable
ALTER TABLE "Prediction" ADD COLUMN     "withSeries" BOOLEAN NOT NULL DEFAULT false;
