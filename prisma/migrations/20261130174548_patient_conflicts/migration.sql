-- CreateEnum
CREATE TYPE "WithheldReason" AS ENUM ('OTHER_PATIENT', 'CHANGED_PATIENT', 'ARCHIVE_DISAGREES', 'ARCHIVE_CANNOT_BE_ASKED');

-- CreateEnum
CREATE TYPE "ConflictKind" AS ENUM ('OTHER_BYTES', 'OTHER_PATIENT');

-- CreateEnum
CREATE TYPE "ConflictSide" AS ENUM ('ARCHIVE', 'FIRST_RECEIVED', 'LAST_RECEIVED');

-- DropForeignKey
ALTER TABLE "ConflictingInstance" DROP CONSTRAINT "ConflictingInstance_sopInstanceUid_fkey";

-- AlterTable
ALTER TABLE "ConflictingInstance" ADD COLUMN     "depicts" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "differing" TEXT[],
ADD COLUMN     "kind" "ConflictKind" NOT NULL DEFAULT 'OTHER_BYTES',
ADD COLUMN     "patient" JSONB,
ADD COLUMN     "resolution" "ConflictSide",
ADD COLUMN     "resolvedAt" TIMESTAMPTZ(3),
ADD COLUMN     "sender" TEXT,
ADD COLUMN     "studyId" TEXT;

-- Until now such an object was always one with the SOPInstanceUID of another.
UPDATE "ConflictingInstance" SET "studyId" = "Series"."studyId"
FROM "Instance" JOIN "Series" ON "Series"."id" = "Instance"."seriesId"
WHERE "Instance"."sopInstanceUid" = "ConflictingInstance"."sopInstanceUid";

ALTER TABLE "ConflictingInstance" ALTER COLUMN "studyId" SET NOT NULL;

-- AlterTable
ALTER TABLE "Report" ADD COLUMN     "patient" JSONB,
ADD COLUMN     "withheld" "WithheldReason";

-- AlterTable
ALTER TABLE "Study" ADD COLUMN     "classifyingUntil" TIMESTAMPTZ(3),
ADD COLUMN     "countedByArchive" INTEGER,
ADD COLUMN     "decision" JSONB,
ADD COLUMN     "issuerOfPatientId" TEXT,
ADD COLUMN     "receivedFrom" TEXT,
ADD COLUMN     "receivedPatient" JSONB,
ADD COLUMN     "uploaded" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "withheld" "WithheldReason";

UPDATE "Study" SET "uploaded" = true WHERE "intakeReason" = 'Uploaded as a picture.';

-- What is known of older studies stands for what came first.
UPDATE "Study" SET "receivedPatient" = jsonb_build_object(
  'name', "patientName", 'id', "patientId", 'issuer', NULL, 'birthDate', "patientBirthDate", 'sex', "patientSex",
  'accessionNumber', "accessionNumber")
WHERE EXISTS (SELECT 1 FROM "Series" WHERE "Series"."studyId" = "Study"."id");

-- CreateIndex
CREATE INDEX "ConflictingInstance_studyId_resolvedAt_idx" ON "ConflictingInstance"("studyId", "resolvedAt");

-- CreateIndex
CREATE INDEX "Study_withheld_idx" ON "Study"("withheld");

-- AddForeignKey
ALTER TABLE "ConflictingInstance" ADD CONSTRAINT "ConflictingInstance_studyId_fkey" FOREIGN KEY ("studyId") REFERENCES "Study"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AlterTable
ALTER TABLE "StudyFinding" ADD COLUMN     "latest" BOOLEAN NOT NULL DEFAULT true;

UPDATE "StudyFinding" AS finding SET "latest" = NOT finding."shadow" AND NOT EXISTS (
  SELECT 1 FROM "StudyFinding" AS later
  WHERE later."studyId" = finding."studyId" AND NOT later."shadow"
    AND (later."createdAt", later."id") > (finding."createdAt", finding."id"));
