-- DropIndex
DROP INDEX "Prediction_modelId_idx";

-- DropIndex
DROP INDEX "StudyFinding_modelId_idx";

-- CreateTable
CREATE TABLE "Review" (
    "id" TEXT NOT NULL DEFAULT ('review-'::text || gen_random_uuid()),
    "studyId" TEXT NOT NULL,
    "predictionId" TEXT,
    "modelId" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "comment" TEXT,
    "reviewer" TEXT NOT NULL,
    "answeredLabel" TEXT NOT NULL,
    "answeredConfidence" DOUBLE PRECISION NOT NULL,
    "answerAbstained" BOOLEAN NOT NULL,
    "answeredAt" TIMESTAMPTZ(3) NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Review_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Review_modelId_createdAt_idx" ON "Review"("modelId", "createdAt");

-- CreateIndex
CREATE INDEX "Review_predictionId_idx" ON "Review"("predictionId");

-- CreateIndex
CREATE INDEX "Review_studyId_idx" ON "Review"("studyId");

-- CreateIndex
CREATE INDEX "Prediction_modelId_createdAt_status_label_confidence_idx" ON "Prediction"("modelId", "createdAt", "status", "label", "confidence");

-- CreateIndex
CREATE INDEX "StudyFinding_modelId_createdAt_idx" ON "StudyFinding"("modelId", "createdAt");

-- AddForeignKey
ALTER TABLE "Review" ADD CONSTRAINT "Review_studyId_fkey" FOREIGN KEY ("studyId") REFERENCES "Study"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Review" ADD CONSTRAINT "Review_predictionId_fkey" FOREIGN KEY ("predictionId") REFERENCES "Prediction"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Review" ADD CONSTRAINT "Review_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
