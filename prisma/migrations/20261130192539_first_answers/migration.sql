-- CreateTable
CREATE TABLE "FirstAnswer" (
    "studyId" TEXT NOT NULL,
    "modelId" TEXT NOT NULL,
    "answeredAt" TIMESTAMPTZ(3) NOT NULL,
    "label" TEXT NOT NULL,
    "confidence" DOUBLE PRECISION NOT NULL,
    "abstained" BOOLEAN NOT NULL,
    "slices" INTEGER NOT NULL,
    "sliceLabels" JSONB NOT NULL,
    "sliceConfidence" DOUBLE PRECISION,
    "sliceAbstained" INTEGER NOT NULL,

    CONSTRAINT "FirstAnswer_pkey" PRIMARY KEY ("studyId","modelId")
);

-- CreateIndex
CREATE INDEX "FirstAnswer_modelId_answeredAt_studyId_idx" ON "FirstAnswer"("modelId", "answeredAt", "studyId");

-- AddForeignKey
ALTER TABLE "FirstAnswer" ADD CONSTRAINT "FirstAnswer_studyId_fkey" FOREIGN KEY ("studyId") REFERENCES "Study"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FirstAnswer" ADD CONSTRAINT "FirstAnswer_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- A trigger, so that no path to a finding forgets it, and that it commits with the finding.
CREATE FUNCTION keep_first_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "FirstAnswer" ("studyId", "modelId", "answeredAt", "label", "confidence", "abstained",
    "slices", "sliceLabels", "sliceConfidence", "sliceAbstained")
  SELECT NEW."studyId", NEW."modelId", NEW."createdAt", NEW."label", NEW."confidence", NEW."abstained",
    coalesce(sum("count"), 0), coalesce(jsonb_object_agg("label", "count"), '{}'),
    sum("confidence") / nullif(sum("count"), 0), coalesce(sum("abstained"), 0)
  FROM (
    SELECT "Prediction"."label", count(*) AS "count", sum("Prediction"."confidence") AS "confidence",
      count(*) FILTER (WHERE "Prediction"."status" = 'ABSTAINED') AS "abstained"
    FROM "Series"
    JOIN "Slice" ON "Slice"."seriesId" = "Series"."id"
    JOIN "Prediction" ON "Prediction"."sliceId" = "Slice"."id"
    WHERE "Series"."studyId" = NEW."studyId" AND "Prediction"."modelId" = NEW."modelId" AND "Prediction"."label" IS NOT NULL
    GROUP BY "Prediction"."label"
  ) AS "perLabel"
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_first_answer AFTER INSERT ON "StudyFinding" FOR EACH ROW EXECUTE FUNCTION keep_first_answer();

-- What is stored by now is the first answer that is known.
INSERT INTO "FirstAnswer" ("studyId", "modelId", "answeredAt", "label", "confidence", "abstained",
  "slices", "sliceLabels", "sliceConfidence", "sliceAbstained")
WITH "perLabel" AS (
  SELECT "Series"."studyId", "Prediction"."modelId", "Prediction"."label", count(*) AS "count",
    sum("Prediction"."confidence") AS "confidence",
    count(*) FILTER (WHERE "Prediction"."status" = 'ABSTAINED') AS "abstained"
  FROM "Series"
  JOIN "Slice" ON "Slice"."seriesId" = "Series"."id"
  JOIN "Prediction" ON "Prediction"."sliceId" = "Slice"."id"
  WHERE "Prediction"."label" IS NOT NULL
  GROUP BY "Series"."studyId", "Prediction"."modelId", "Prediction"."label"
), "perStudy" AS (
  SELECT "studyId", "modelId", sum("count") AS "slices", jsonb_object_agg("label", "count") AS "labels",
    sum("confidence") / sum("count") AS "confidence", sum("abstained") AS "abstained"
  FROM "perLabel" GROUP BY "studyId", "modelId"
)
SELECT "finding"."studyId", "finding"."modelId", "finding"."createdAt", "finding"."label", "finding"."confidence",
  "finding"."abstained", coalesce("perStudy"."slices", 0), coalesce("perStudy"."labels", '{}'), "perStudy"."confidence",
  coalesce("perStudy"."abstained", 0)
FROM "StudyFinding" AS "finding"
LEFT JOIN "perStudy" ON "perStudy"."studyId" = "finding"."studyId" AND "perStudy"."modelId" = "finding"."modelId";
