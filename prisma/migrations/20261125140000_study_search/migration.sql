-- Free text within a study's description, accession number, patient and UIDs (StudyFilter.search) by trigrams of three
-- characters. A PostgreSQL without its contrib modules, or a user who may not create extensions, searches without the
-- index: slower among tens of thousands of studies, with the same result.
DO $$
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX "Study_search_idx" ON "Study" USING gin (
    "description" gin_trgm_ops,
    "accessionNumber" gin_trgm_ops,
    "patientName" gin_trgm_ops,
    "patientId" gin_trgm_ops,
    "studyInstanceUid" gin_trgm_ops
  );
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE 'No index for searching studies: %', SQLERRM;
END
$$;
