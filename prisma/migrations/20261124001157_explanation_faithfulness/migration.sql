-- AlterTable
ALTER TABLE "Explanation" ADD COLUMN     "faithfulness" JSONB;
