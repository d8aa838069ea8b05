-- CreateEnum
CREATE TYPE "StudyStatus" AS ENUM ('RECEIVING', 'QUEUED', 'CLASSIFYING', 'CLASSIFIED', 'PARTIAL', 'FAILED', 'SKIPPED');

-- CreateEnum
CREATE TYPE "CompletenessState" AS ENUM ('PROVEN', 'PROVISIONAL', 'INCOMPLETE');

-- CreateEnum
CREATE TYPE "Orientation" AS ENUM ('AXIAL', 'CORONAL', 'SAGITTAL', 'OBLIQUE');

-- CreateEnum
CREATE TYPE "PredictionStatus" AS ENUM ('CLASSIFIED', 'ABSTAINED', 'FAILED');

-- CreateEnum
CREATE TYPE "AbstentionReason" AS ENUM ('LOW_CONFIDENCE', 'OUT_OF_DISTRIBUTION', 'NOT_A_BRAIN_MR');

-- CreateEnum
CREATE TYPE "ExplanationMethod" AS ENUM ('GRAD_CAM');

-- CreateEnum
CREATE TYPE "ModelState" AS ENUM ('ACTIVE', 'SHADOW', 'AVAILABLE');

-- CreateEnum
CREATE TYPE "JobStatus" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED');

-- CreateTable
CREATE TABLE "Study" (
    "id" TEXT NOT NULL DEFAULT ('study-'::text || gen_random_uuid()),
    "studyInstanceUid" TEXT NOT NULL,
    "patientName" TEXT,
    "patientId" TEXT,
    "patientBirthDate" TEXT,
    "patientSex" TEXT,
    "accessionNumber" TEXT,
    "studyDate" TEXT,
    "description" TEXT,
    "modalities" TEXT[],
    "pacs" TEXT,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "status" "StudyStatus" NOT NULL DEFAULT 'RECEIVING',
    "failureCode" TEXT,
    "completenessState" "CompletenessState" NOT NULL DEFAULT 'PROVISIONAL',
    "expectedInstances" INTEGER,
    "evidence" TEXT NOT NULL DEFAULT 'Imported; no archive was asked how many instances there are.',

    CONSTRAINT "Study_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Series" (
    "id" TEXT NOT NULL DEFAULT ('series-'::text || gen_random_uuid()),
    "studyId" TEXT NOT NULL,
    "seriesInstanceUid" TEXT NOT NULL,
    "modality" TEXT NOT NULL,
    "description" TEXT,
    "seriesNumber" INTEGER,
    "orientation" "Orientation",
    "eligible" BOOLEAN NOT NULL DEFAULT false,
    "eligibilityReason" TEXT NOT NULL DEFAULT 'not looked at yet',

    CONSTRAINT "Series_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Instance" (
    "id" TEXT NOT NULL DEFAULT ('instance-'::text || gen_random_uuid()),
    "seriesId" TEXT NOT NULL,
    "sopInstanceUid" TEXT NOT NULL,
    "sopClassUid" TEXT NOT NULL,
    "transferSyntaxUid" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "bytes" INTEGER NOT NULL,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Instance_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Slice" (
    "id" TEXT NOT NULL DEFAULT ('slice-'::text || gen_random_uuid()),
    "instanceId" TEXT NOT NULL,
    "seriesId" TEXT NOT NULL,
    "sopInstanceUid" TEXT NOT NULL,
    "frameNumber" INTEGER NOT NULL,
    "instanceNumber" INTEGER,
    "rows" INTEGER NOT NULL,
    "columns" INTEGER NOT NULL,
    "pixelSpacing" DOUBLE PRECISION[],
    "sliceLocation" DOUBLE PRECISION,
    "position" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "Slice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Model" (
    "id" TEXT NOT NULL DEFAULT ('model-'::text || gen_random_uuid()),
    "name" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "labels" TEXT[],
    "layers" TEXT[],
    "state" "ModelState" NOT NULL DEFAULT 'AVAILABLE',
    "card" JSONB NOT NULL,

    CONSTRAINT "Model_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Prediction" (
    "id" TEXT NOT NULL DEFAULT ('prediction-'::text || gen_random_uuid()),
    "sliceId" TEXT NOT NULL,
    "modelId" TEXT NOT NULL,
    "status" "PredictionStatus" NOT NULL,
    "label" TEXT,
    "confidence" DOUBLE PRECISION,
    "probabilities" JSONB NOT NULL,
    "abstentionReason" "AbstentionReason",
    "failureCode" TEXT,
    "executionProvider" TEXT NOT NULL,
    "inferenceMs" DOUBLE PRECISION NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Prediction_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "StudyFinding" (
    "id" TEXT NOT NULL DEFAULT ('finding-'::text || gen_random_uuid()),
    "studyId" TEXT NOT NULL,
    "modelId" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "confidence" DOUBLE PRECISION NOT NULL,
    "abstained" BOOLEAN NOT NULL,
    "abstentionReason" "AbstentionReason",
    "keySliceId" TEXT,
    "sliceCounts" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "StudyFinding_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Explanation" (
    "id" TEXT NOT NULL DEFAULT ('explanation-'::text || gen_random_uuid()),
    "predictionId" TEXT NOT NULL,
    "method" "ExplanationMethod" NOT NULL,
    "label" TEXT NOT NULL,
    "layer" TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    "columns" INTEGER NOT NULL,
    "values" BYTEA NOT NULL,
    "frame" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Explanation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Job" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "studyId" TEXT,
    "status" "JobStatus" NOT NULL DEFAULT 'QUEUED',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "progress" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "error" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Job_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Study_studyInstanceUid_key" ON "Study"("studyInstanceUid");

-- CreateIndex
CREATE INDEX "Study_receivedAt_id_idx" ON "Study"("receivedAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Series_studyId_seriesInstanceUid_key" ON "Series"("studyId", "seriesInstanceUid");

-- CreateIndex
CREATE UNIQUE INDEX "Instance_sopInstanceUid_key" ON "Instance"("sopInstanceUid");

-- CreateIndex
CREATE INDEX "Instance_seriesId_idx" ON "Instance"("seriesId");

-- CreateIndex
CREATE INDEX "Slice_seriesId_position_idx" ON "Slice"("seriesId", "position");

-- CreateIndex
CREATE INDEX "Slice_instanceId_idx" ON "Slice"("instanceId");

-- CreateIndex
CREATE UNIQUE INDEX "Slice_sopInstanceUid_frameNumber_key" ON "Slice"("sopInstanceUid", "frameNumber");

-- CreateIndex
CREATE UNIQUE INDEX "Model_name_version_key" ON "Model"("name", "version");

-- CreateIndex
CREATE INDEX "Prediction_modelId_idx" ON "Prediction"("modelId");

-- CreateIndex
CREATE UNIQUE INDEX "Prediction_sliceId_modelId_key" ON "Prediction"("sliceId", "modelId");

-- CreateIndex
CREATE INDEX "StudyFinding_modelId_idx" ON "StudyFinding"("modelId");

-- CreateIndex
CREATE UNIQUE INDEX "StudyFinding_studyId_modelId_key" ON "StudyFinding"("studyId", "modelId");

-- CreateIndex
CREATE UNIQUE INDEX "Explanation_predictionId_method_label_layer_key" ON "Explanation"("predictionId", "method", "label", "layer");

-- CreateIndex
CREATE INDEX "Job_studyId_idx" ON "Job"("studyId");

-- AddForeignKey
ALTER TABLE "Series" ADD CONSTRAINT "Series_studyId_fkey" FOREIGN KEY ("studyId") REFERENCES "Study"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Instance" ADD CONSTRAINT "Instance_seriesId_fkey" FOREIGN KEY ("seriesId") REFERENCES "Series"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Slice" ADD CONSTRAINT "Slice_instanceId_fkey" FOREIGN KEY ("instanceId") REFERENCES "Instance"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Slice" ADD CONSTRAINT "Slice_seriesId_fkey" FOREIGN KEY ("seriesId") REFERENCES "Series"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Prediction" ADD CONSTRAINT "Prediction_sliceId_fkey" FOREIGN KEY ("sliceId") REFERENCES "Slice"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Prediction" ADD CONSTRAINT "Prediction_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "StudyFinding" ADD CONSTRAINT "StudyFinding_studyId_fkey" FOREIGN KEY ("studyId") REFERENCES "Study"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "StudyFinding" ADD CONSTRAINT "StudyFinding_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Explanation" ADD CONSTRAINT "Explanation_predictionId_fkey" FOREIGN KEY ("predictionId") REFERENCES "Prediction"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Job" ADD CONSTRAINT "Job_studyId_fkey" FOREIGN KEY ("studyId") REFERENCES "Study"("id") ON DELETE CASCADE ON UPDATE CASCADE;
