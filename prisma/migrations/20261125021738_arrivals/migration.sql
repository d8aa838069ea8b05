-- CreateEnum
CREATE TYPE "ReportKind" AS ENUM ('STRUCTURED_REPORT', 'SECONDARY_CAPTURE');

-- AlterTable
ALTER TABLE "Series" ADD COLUMN     "bodyPart" TEXT,
ADD COLUMN     "station" TEXT;

-- AlterTable
ALTER TABLE "Study" ADD COLUMN     "countedHere" INTEGER,
ADD COLUMN     "countedInstances" INTEGER,
ADD COLUMN     "intakeReason" TEXT,
ADD COLUMN     "lastInstanceAt" TIMESTAMPTZ(3),
ADD COLUMN     "revision" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "revisionKey" TEXT,
ADD COLUMN     "settleAt" TIMESTAMPTZ(3),
ADD COLUMN     "settleBy" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "Report" (
    "id" TEXT NOT NULL DEFAULT ('report-'::text || gen_random_uuid()),
    "studyId" TEXT NOT NULL,
    "modelId" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "kind" "ReportKind" NOT NULL,
    "pacs" TEXT NOT NULL,
    "sopInstanceUid" TEXT NOT NULL,
    "storedAt" TIMESTAMPTZ(3),
    "error" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Report_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Report_modelId_idx" ON "Report"("modelId");

-- CreateIndex
CREATE UNIQUE INDEX "Report_studyId_modelId_revision_kind_pacs_key" ON "Report"("studyId", "modelId", "revision", "kind", "pacs");

-- CreateIndex
CREATE INDEX "Study_settleAt_idx" ON "Study"("settleAt");

-- AddForeignKey
ALTER TABLE "Report" ADD CONSTRAINT "Report_studyId_fkey" FOREIGN KEY ("studyId") REFERENCES "Study"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Report" ADD CONSTRAINT "Report_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
