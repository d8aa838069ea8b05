-- AlterTable
ALTER TABLE "Prediction" ADD COLUMN     "novelty" DOUBLE PRECISION;
