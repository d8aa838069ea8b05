import { Client } from 'pg';

/** Pseudo-random, so that ids lie as scattered as real ones, and the same at every run. */
const id = (kind, of) => `'${kind}-' || md5('${kind}' || ${of})::uuid`;
const chance = (what, of) => `('x' || substr(md5('${what}' || ${of}), 1, 7))::bit(28)::int / 268435456.0`;
const LABELS = `ARRAY['glioma', 'meningioma', 'pituitary', 'no_tumor']`;
const labelOf = (study) => `(${LABELS})[1 + floor(4 * ${chance('label', study)})::int]`;

/**
 * Studies of one series each with a finding, and a prediction of every slice; the planner knows their statistics.
 * @param connection of a migrated database.
 * @param modelId whose the predictions are.
 */
export async function fillDatabase(connection, { studies, slices, modelId }) {
  const client = new Client(connection);
  await client.connect();
  const { rowCount: isFilled } = await client.query('SELECT FROM "Prediction" LIMIT 1');
  // Foreign keys hold by the way the rows are made; nobody listens for changes yet.
  await client.query(`SET session_replication_role = replica`);
  if (!isFilled) for (const statement of statements(studies, slices, modelId)) await client.query(statement);
  await client.query('VACUUM ANALYZE');
  const { rows } = await client.query(
    `SELECT count(*)::int AS predictions, pg_database_size(current_database())::float8 AS bytes FROM "Prediction"`,
  );
  await client.end();
  return rows[0];
}

function statements(studies, slices, modelId) {
  const eachStudy = `generate_series(1, ${studies}) AS s`;
  const eachSlice = `${eachStudy}, generate_series(0, ${slices - 1}) AS n`;
  const slice = `(s || '.' || n)`;
  const uid = `'1.2.826.0.1.' || s`;
  return [
    // Two years; two in a hundred not classified, one in fifty without a date.
    `INSERT INTO "Study" (id, "studyInstanceUid", "patientName", "patientId", "patientSex", "accessionNumber", "studyDate",
       description, modalities, "receivedAt", status, "completenessState", "evidenceCode", "evidenceParameters", revision)
     SELECT ${id('study', 's')}, ${uid}, 'FAMILY' || s || '^GIVEN', 'P' || s, 'F', 'A' || s,
       CASE WHEN s % 50 = 0 THEN NULL ELSE to_char(now() - s * interval '21 minutes', 'YYYY-MM-DD') END,
       CASE WHEN s % 10 = 0 THEN 'Follow-up head' ELSE 'Head with contrast' END, ARRAY['MR'],
       now() - s * interval '21 minutes',
       (CASE s % 100 WHEN 0 THEN 'FAILED' WHEN 50 THEN 'PARTIAL' ELSE 'CLASSIFIED' END)::"StudyStatus",
       'PROVEN', 'COUNTED_TWICE', '{"archive": "PACS", "count": 24, "aside": 0}', 1 FROM ${eachStudy}`,
    `INSERT INTO "Series" (id, "studyId", "seriesInstanceUid", modality, description, "seriesNumber", "bodyPart",
       orientation, eligible, "examinedAt", "eligibilityCode", "eligibilityParameters")
     SELECT ${id('series', 's')}, ${id('study', 's')}, ${uid} || '.1', 'MR', 'T1 axial + C', 1, 'HEAD', 'AXIAL', true,
       now(), 'ANATOMICAL', '{"weighting": "T1", "contrast": "POST", "orientation": "AXIAL"}' FROM ${eachStudy}`,
    `INSERT INTO "Instance" (id, "seriesId", "sopInstanceUid", "sopClassUid", "transferSyntaxUid", path, sha256, bytes)
     SELECT ${id('instance', slice)}, ${id('series', 's')}, ${uid} || '.1.' || n, '1.2.840.10008.5.1.4.1.1.4',
       '1.2.840.10008.1.2.1', md5(${slice}), md5(${slice}) || md5(${slice}), 524288 FROM ${eachSlice}`,
    `INSERT INTO "Slice" (id, "instanceId", "seriesId", "sopInstanceUid", "frameNumber", "instanceNumber", rows, columns,
       "pixelSpacing", "sliceLocation", eligible, position)
     SELECT ${id('slice', slice)}, ${id('instance', slice)}, ${id('series', 's')}, ${uid} || '.1.' || n, 1, n + 1, 256, 256,
       ARRAY[0.9, 0.9], 5 * n, true, n FROM ${eachSlice}`,
    `INSERT INTO "Prediction" (id, "sliceId", "modelId", status, label, confidence, probabilities, "abstentionReason",
       novelty, "executionProvider", "inferenceMs", "createdAt")
     SELECT ${id('prediction', slice)}, ${id('slice', slice)}, '${modelId}',
       (CASE WHEN p < 0.55 THEN 'ABSTAINED' ELSE 'CLASSIFIED' END)::"PredictionStatus", label, p,
       (SELECT json_agg(json_build_object('label', one, 'probability', CASE WHEN one = label THEN p ELSE (1 - p) / 3 END)
          ORDER BY at) FROM unnest(${LABELS}) WITH ORDINALITY AS labels(one, at)),
       (CASE WHEN p < 0.55 THEN 'LOW_CONFIDENCE' END)::"AbstentionReason", 0.4, 'cpu', 9.5, now() - s * interval '21 minutes'
     FROM ${eachSlice}, LATERAL (SELECT 0.5 + ${chance('p', slice)} / 2 AS p, ${labelOf('s')} AS label) drawn`,
    `INSERT INTO "StudyFinding" (id, "studyId", "modelId", label, confidence, abstained, "abstentionReason", "keySliceId",
       "sliceIds", "sliceCounts")
     SELECT ${id('finding', 's')}, ${id('study', 's')}, '${modelId}', label, p, p < 0.55,
       (CASE WHEN p < 0.55 THEN 'LOW_CONFIDENCE' END)::"AbstentionReason", ${id('slice', `(s || '.9')`)}, '{}',
       json_build_array(json_build_object('label', label, 'count', 14)) FROM ${eachStudy},
       LATERAL (SELECT 0.5 + ${chance('p', 's')} / 2 AS p, ${labelOf('s')} AS label) drawn WHERE s % 100 > 0`,
  ];
}
