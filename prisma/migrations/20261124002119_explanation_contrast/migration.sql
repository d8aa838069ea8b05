-- DropIndex
DROP INDEX "Explanation_predictionId_method_label_layer_key";

-- AlterTable
ALTER TABLE "Explanation" ADD COLUMN     "against" TEXT NOT NULL DEFAULT '';

-- CreateIndex
CREATE UNIQUE INDEX "Explanation_predictionId_method_label_against_layer_key" ON "Explanation"("predictionId", "method", "label", "against", "layer");
