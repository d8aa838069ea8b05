-- Every process that LISTENs to "mrimaster" learns which study or job has changed: ids, nothing else. What is compared is
-- compared inside the functions, so that no later migration of a column is held up by a trigger that names it.

CREATE FUNCTION mrimaster_tell_of_study() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR
    (OLD."status", OLD."failureCode", OLD."revision", OLD."completenessState", OLD."expectedInstances", OLD."intakeReason")
    IS DISTINCT FROM
    (NEW."status", NEW."failureCode", NEW."revision", NEW."completenessState", NEW."expectedInstances", NEW."intakeReason")
  THEN
    PERFORM pg_notify('mrimaster', 'STUDY ' || NEW."id" || ' ' || NEW."studyInstanceUid");
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION mrimaster_tell_of_its_study() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('mrimaster', 'STUDY ' || "id" || ' ' || "studyInstanceUid") FROM "Study" WHERE "id" = NEW."studyId";
  RETURN NULL;
END $$;

CREATE FUNCTION mrimaster_tell_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR (OLD."status", OLD."attempts", OLD."progress", OLD."error")
    IS DISTINCT FROM (NEW."status", NEW."attempts", NEW."progress", NEW."error")
  THEN
    PERFORM pg_notify('mrimaster', 'JOB ' || NEW."id");
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "tell" AFTER INSERT OR UPDATE ON "Study" FOR EACH ROW EXECUTE FUNCTION mrimaster_tell_of_study();
CREATE TRIGGER "tell" AFTER INSERT OR UPDATE ON "StudyFinding" FOR EACH ROW EXECUTE FUNCTION mrimaster_tell_of_its_study();
CREATE TRIGGER "tell" AFTER INSERT OR UPDATE ON "Report" FOR EACH ROW EXECUTE FUNCTION mrimaster_tell_of_its_study();
CREATE TRIGGER "tell" AFTER INSERT OR UPDATE ON "Job" FOR EACH ROW EXECUTE FUNCTION mrimaster_tell_of_job();
