-- CreateIndex
CREATE INDEX "Study_by_day_idx" ON "Study"("studyDate", "id");

-- CreateIndex
CREATE INDEX "Study_by_latest_day_idx" ON "Study"("studyDate" DESC NULLS LAST, "id" DESC);
