-- CreateIndex
CREATE INDEX "Prediction_modelId_confidence_id_idx" ON "Prediction"("modelId", "confidence", "id");
