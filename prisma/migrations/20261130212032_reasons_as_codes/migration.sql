-- CreateEnum
CREATE TYPE "EvidenceCode" AS ENUM ('IMPORTED', 'ARRIVED', 'NOT_FETCHED', 'BEING_PULLED', 'COUNTED_WHEN_PULLED', 'COUNTED_TWICE', 'IN_CONFLICT', 'NO_ARCHIVE', 'NO_ARCHIVE_ANSWERED', 'ARCHIVE_DOES_NOT_COUNT', 'COUNTED_AT_DEADLINE', 'DIFFERING_OBJECTS', 'CONFLICTS_RESOLVED', 'WORDED');

-- CreateEnum
CREATE TYPE "IntakeCode" AS ENUM ('CLASSIFIED_BY_RULE', 'PASSED_OVER_BY_RULE', 'NO_RULE', 'UPLOADED_PICTURE', 'WORDED');

-- CreateEnum
CREATE TYPE "EligibilityCode" AS ENUM ('ANATOMICAL', 'UPLOADED_PICTURE', 'OWN_RESULT', 'NOT_MR', 'NOT_AN_MR_IMAGE', 'NO_IMAGES', 'NOT_BRAIN', 'LOCALIZER', 'CALIBRATION', 'SCREEN_CAPTURE', 'DERIVED_MAP', 'PHASE_IMAGE', 'PROJECTION', 'MOSAIC', 'DIFFUSION', 'PERFUSION', 'FUNCTIONAL', 'FLOW', 'TAGGING', 'SPECTROSCOPY', 'SUSCEPTIBILITY_WEIGHTED', 'ANGIOGRAPHY', 'ECHO_PLANAR', 'MIXED_ORIENTATIONS', 'TIME_SERIES', 'TOO_FEW_SLICES', 'OTHER_WEIGHTING', 'WORDED');

ALTER TABLE "Series" ADD COLUMN "examinedAt" TIMESTAMPTZ(3),
ADD COLUMN "eligibilityCode" "EligibilityCode",
ADD COLUMN "eligibilityParameters" JSONB NOT NULL DEFAULT '{}';
ALTER TABLE "Study" ADD COLUMN "evidenceCode" "EvidenceCode" NOT NULL DEFAULT 'IMPORTED',
ADD COLUMN "evidenceParameters" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN "intakeCode" "IntakeCode",
ADD COLUMN "intakeParameters" JSONB NOT NULL DEFAULT '{}';

-- Sentences of rows that are here become codes where each row of a kind has the same sentence, and where a column depends
-- on it. All others keep their sentence, as the parameter of WORDED. Nobody knows any more when a series was examined.
UPDATE "Series" SET "examinedAt" = CURRENT_TIMESTAMP,
  "eligibilityCode" = coalesce(known."code", 'WORDED')::"EligibilityCode",
  "eligibilityParameters" = CASE WHEN known."code" IS NULL THEN jsonb_build_object('text', "self"."eligibilityReason") ELSE '{}' END
FROM "Series" AS "self" LEFT JOIN (VALUES
  ('uploaded as a picture', 'UPLOADED_PICTURE'), ('our own result', 'OWN_RESULT'), ('not MR', 'NOT_MR'),
  ('not an MR image', 'NOT_AN_MR_IMAGE'), ('no images', 'NO_IMAGES'), ('not brain', 'NOT_BRAIN'),
  ('localizer', 'LOCALIZER'), ('calibration', 'CALIBRATION'), ('screen capture', 'SCREEN_CAPTURE'),
  ('phase image', 'PHASE_IMAGE'), ('projection', 'PROJECTION'), ('mosaic', 'MOSAIC'), ('diffusion', 'DIFFUSION'),
  ('perfusion', 'PERFUSION'), ('functional MRI', 'FUNCTIONAL'), ('flow', 'FLOW'), ('tagging', 'TAGGING'),
  ('spectroscopy', 'SPECTROSCOPY'), ('susceptibility-weighted', 'SUSCEPTIBILITY_WEIGHTED'),
  ('angiography', 'ANGIOGRAPHY'), ('echo planar (diffusion, perfusion or functional)', 'ECHO_PLANAR'),
  ('mixed orientations', 'MIXED_ORIENTATIONS')
) AS known("text", "code") ON known."text" = "self"."eligibilityReason"
WHERE "Series"."id" = "self"."id" AND "self"."eligibilityReason" <> 'not looked at yet';

UPDATE "Study" SET
  "intakeCode" = (CASE "intakeReason"
    WHEN 'Not classified: no rule is for it.' THEN 'NO_RULE'
    WHEN 'Uploaded as a picture.' THEN 'UPLOADED_PICTURE'
    ELSE 'WORDED' END)::"IntakeCode",
  "intakeParameters" = CASE
    WHEN "intakeReason" IN ('Not classified: no rule is for it.', 'Uploaded as a picture.') THEN '{}'
    ELSE jsonb_build_object('text', "intakeReason") END
WHERE "intakeReason" IS NOT NULL;

UPDATE "Study" SET
  "evidenceCode" = (CASE "evidence"
    WHEN 'It came by itself; no archive was asked how many instances there are.' THEN 'ARRIVED'
    WHEN 'The archive has it; nothing was fetched yet.' THEN 'NOT_FETCHED'
    WHEN 'It is being pulled from the archive, or the pull broke off.' THEN 'BEING_PULLED'
    ELSE 'WORDED' END)::"EvidenceCode",
  "evidenceParameters" = CASE
    WHEN "evidence" IN (
      'It came by itself; no archive was asked how many instances there are.',
      'The archive has it; nothing was fetched yet.',
      'It is being pulled from the archive, or the pull broke off.') THEN '{}'
    ELSE jsonb_build_object('text', "evidence") END
WHERE "evidence" <> 'Imported; no archive was asked how many instances there are.';

ALTER TABLE "Series" DROP COLUMN "eligibilityReason";
ALTER TABLE "Study" DROP COLUMN "evidence", DROP COLUMN "intakeReason";

-- As before (tell_of_changes), by the columns that there are now.
CREATE OR REPLACE FUNCTION mrimaster_tell_of_study() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR
    (OLD."status", OLD."failureCode", OLD."revision", OLD."completenessState", OLD."expectedInstances", OLD."intakeCode",
      OLD."intakeParameters")
    IS DISTINCT FROM
    (NEW."status", NEW."failureCode", NEW."revision", NEW."completenessState", NEW."expectedInstances", NEW."intakeCode",
      NEW."intakeParameters")
  THEN
    PERFORM pg_notify('mrimaster', 'STUDY ' || NEW."id" || ' ' || NEW."studyInstanceUid");
  END IF;
  RETURN NULL;
END $$;
