import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printedSchema } from '../../src/graphql/printSchema.js';
import { importFiles } from '../../src/intake/importFiles.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { type Answer, type Program, REPOSITORY, startProgram, temporaryFolder, until } from '../setup/program.js';
import { SHIPPED_VERSION } from '../setup/shippedModel.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
let uid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: folder.path });
  const sample = join(folder.path, 'sample');
  uid = (await writeSampleStudy(sample)).studyInstanceUid;
  // A slice whose pixels are cut off half-way, as a broken transfer leaves it.
  const whole = await readFile(join(sample, 'anatomy-22.dcm'));
  await writeFile(join(sample, 'anatomy-22.dcm'), whole.subarray(0, whole.length - 60_000));
  await importFiles(program.context, sample);
  await classify();
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

async function classify(force = false): Promise<Answer> {
  const { data, errors } = await program.ask(
    'mutation ($uid: DicomUid!, $force: Boolean) { classifyStudy(input: { studyInstanceUid: $uid, force: $force }) { job { id } } }',
    { uid, force },
  );
  expect(errors).toBeUndefined();
  const { id } = data.classifyStudy.job;
  const job = await until(
    async () =>
      (await program.ask('query ($id: ID!) { node(id: $id) { ... on Job { status attempts error } } }', { id })).data
        .node,
    ({ status }) => status === 'SUCCEEDED' || status === 'FAILED',
  );
  expect(job).toEqual({ status: 'SUCCEEDED', attempts: 1, error: null });
  return id;
}

async function answer(query: string, variables: object = {}): Promise<Answer> {
  const { data, errors } = await program.ask(query, { uid, ...variables });
  expect(errors).toBeUndefined();
  return data;
}

async function refusal(query: string, variables: object = {}): Promise<{ code: string; message: string }> {
  const { errors } = await program.ask(query, { uid, ...variables });
  expect(errors).toHaveLength(1);
  return { code: errors?.[0].extensions.code, message: errors?.[0].message };
}

const SLICES = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { series { eligible eligibilityReason orientation slices {
  nodes { id sopInstanceUid instanceNumber position sliceLocation pixelSpacing prediction { id status label confidence failureCode
    probabilities { label probability } executionProvider inferenceMs model { name version } slice { id } } } } } } }`;

async function anatomy(): Promise<Answer[]> {
  const { study } = await answer(SLICES);
  return study.series.find((series: Answer) => series.eligible).slices.nodes;
}

const keySlice = async () =>
  (
    await answer(
      'query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { finding { keySlice { id rows columns prediction { id label } } } } }',
    )
  ).study.finding.keySlice;

it('schema.graphql and the table of rights are what the code says', async () => {
  for (const [path, text] of Object.entries(await printedSchema()))
    expect(await readFile(join(REPOSITORY, path), 'utf8'), path).toBe(text);
});

describe('a classified study', () => {
  it('has an answer from the slices that have one, and shows the damaged slice as failed', async () => {
    const { study } = await answer(`query ($uid: DicomUid!) { study(studyInstanceUid: $uid) {
      status failureCode modalities studyDate patient { name patientId } completeness { state receivedInstances expectedInstances }
      finding { label abstained confidence sliceCounts { label count } model { name } } } }`);
    expect(study).toMatchObject({
      status: 'PARTIAL',
      failureCode: 'UNDECODABLE_PIXELS',
      modalities: ['MR'],
      studyDate: '2026-01-01',
      patient: { name: 'SYNTHETIC^PHANTOM', patientId: 'SYNTHETIC' },
      completeness: { state: 'PROVISIONAL', receivedInstances: 25, expectedInstances: null },
      finding: { label: 'glioma', abstained: false, model: { name: 'brain-mri' } },
    });
    const slices = await anatomy();
    expect(slices.at(-1)?.prediction).toMatchObject({
      status: 'FAILED',
      label: null,
      confidence: null,
      probabilities: [],
    });
  });

  it('passes the localizer over, says why, and predicts none of its slices', async () => {
    const { study } = await answer(SLICES);
    const [localizer, head] = study.series;
    expect(localizer).toMatchObject({ eligible: false, eligibilityReason: 'localizer' });
    for (const slice of localizer.slices.nodes) expect(slice.prediction).toBeNull();
    expect(head).toMatchObject({ eligible: true, orientation: 'AXIAL' });
  });

  it('orders slices by their place in space, against their InstanceNumber', async () => {
    const slices = await anatomy();
    expect(slices.map(({ position }) => position)).toEqual(slices.map((_, index) => index));
    expect(slices.map(({ instanceNumber }) => instanceNumber)).toEqual(slices.map((_, index) => 22 - index));
    expect(slices[1]?.sliceLocation - slices[0]?.sliceLocation).toBeCloseTo(4.952, 3);
    expect(slices[0]?.pixelSpacing).toEqual([0.86, 0.86]);
  });

  it('gives probabilities that sum to 1, the label’s among them as its confidence', async () => {
    for (const { id, prediction } of (await anatomy()).slice(0, -1)) {
      const sum = prediction.probabilities.reduce((total: number, one: Answer) => total + one.probability, 0);
      expect(sum).toBeCloseTo(1, 9);
      const own = prediction.probabilities.find((one: Answer) => one.label === prediction.label);
      expect(own.probability).toBe(prediction.confidence);
      expect(prediction.executionProvider).toBe('cpu');
      expect(prediction.slice.id).toBe(id);
    }
  });

  it('keeps its predictions when it is classified again, and renews them in place when forced to', async () => {
    const ids = async () => (await anatomy()).map(({ prediction }) => prediction.id);
    const before = await ids();
    await classify();
    expect(await ids()).toEqual(before);
    await classify(true);
    expect(await ids()).toEqual(before);
  });

  it('is one job when asked for twice at once', async () => {
    const mutation =
      'mutation ($uid: DicomUid!) { classifyStudy(input: { studyInstanceUid: $uid, force: true }) { job { id } } }';
    const both = await Promise.all([answer(mutation), answer(mutation)]);
    expect(new Set(both.map(({ classifyStudy }) => classifyStudy.job.id)).size).toBe(1);
    await until(
      async () =>
        (await answer('query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { jobs { status } } }')).study.jobs,
      (jobs) => jobs.every(({ status }: Answer) => status === 'SUCCEEDED'),
    );
  });
});

describe('the card of the model', () => {
  it('holds the figures of its makers, what it does on whole series, and where it fails', async () => {
    const { model } = await answer(`{ model { card { text limits
      splits { name slices accuracy { value low high } ece peakInTumour perLabel { label f1 { value } } }
      series { name truth slices answered tumourSlicesFound finding } } } }`);
    const { card } = model;
    expect(card.text).toContain('Research use only – not for diagnostic use');
    expect(card.limits.length).toBeGreaterThan(3);
    expect(card.splits.map(({ name }: Answer) => name)).toEqual([
      'train, thirds kept out',
      'val',
      'test',
      'test, strict part',
    ]);
    for (const { accuracy, perLabel } of card.splits) {
      expect(accuracy.low).toBeLessThan(accuracy.value);
      expect(accuracy.high).toBeGreaterThan(accuracy.value);
      expect(perLabel).toHaveLength(4);
    }
    expect(card.series.some(({ truth, finding }: Answer) => truth === 'healthy' && finding === 'no_tumor')).toBe(true);
  });
});

describe('one slice', () => {
  it('is classified on its own, also of a series that was passed over', async () => {
    const { study } = await answer(SLICES);
    const [{ sopInstanceUid }] = study.series[0].slices.nodes;
    const mutation = `mutation ($sop: DicomUid!) { classifySlice(input: { sopInstanceUid: $sop }) { prediction { id status label abstentionReason } } }`;
    const { prediction } = (await answer(mutation, { sop: sopInstanceUid })).classifySlice;
    expect(prediction).toMatchObject({ status: 'ABSTAINED', abstentionReason: 'OUT_OF_DISTRIBUTION' });
    const again = await answer(
      'query ($sop: DicomUid!) { slice(sopInstanceUid: $sop) { predictions { id status label abstentionReason } } }',
      { sop: sopInstanceUid },
    );
    expect(again.slice.predictions).toEqual([prediction]);
    await program.context.prisma.prediction.delete({ where: { id: prediction.id } });
  });

  it('that is not here is an error with a cure', async () => {
    expect(
      await refusal('mutation { classifySlice(input: { sopInstanceUid: "1.2.3" }) { prediction { id } } }'),
    ).toEqual({
      code: 'SLICE_NOT_FOUND',
      message: 'Frame 1 of instance 1.2.3 is not here. Import its study, or classify it with classifyStudy first.',
    });
  });
});

describe('an explanation', () => {
  const EXPLAIN = `mutation ($id: ID!, $label: String, $layer: String) {
    explainPrediction(input: { predictionId: $id, label: $label, layer: $layer }) { explanation {
      id method label layer rows columns values scale peak { x y } prediction { id }
      faithfulness { verdict probability without control }
      rawMap { width height } heatmap { url width height mediaType base64 } overlay(opacity: 0.5) { url base64 } } } }`;

  it('is computed for any label, stored, and served as numbers and as pictures', async () => {
    const { prediction, rows, columns } = await keySlice();
    const maps = new Map<string, number[]>();
    for (const label of program.context.models.active.classifier.manifest.labels) {
      const { explanation } = (await answer(EXPLAIN, { id: prediction.id, label })).explainPrediction;
      expect(explanation).toMatchObject({ method: 'GRAD_CAM', label, prediction: { id: prediction.id } });
      expect(explanation.values).toHaveLength(explanation.rows * explanation.columns);
      expect(Math.min(...explanation.values)).toBeGreaterThanOrEqual(0);
      expect(explanation.faithfulness.probability).toBeGreaterThan(0);
      if (label === 'glioma') expect(explanation.faithfulness.verdict).toBe('SUPPORTED');
      const empty = explanation.values.every((value: number) => value === 0);
      expect([explanation.faithfulness.verdict === 'EMPTY', explanation.peak === null]).toEqual([empty, empty]);
      if (!empty) expect(explanation.peak.y).toBeLessThan(rows);
      expect(explanation.rawMap).toMatchObject({ width: explanation.columns, height: explanation.rows });
      expect(explanation.heatmap).toMatchObject({ width: columns, height: rows, mediaType: 'image/png' });
      const picture = decode(Buffer.from(explanation.overlay.base64, 'base64'));
      expect([picture.width, picture.height, picture.channels]).toEqual([columns, rows, 3]);
      maps.set(label, explanation.values);
    }
    expect(new Set([...maps.values()].map(String)).size).toBeGreaterThan(1);
  });

  it('has a legend below its pictures when asked for, over HTTP as in base64', async () => {
    const { prediction, rows, columns } = await keySlice();
    const { explanation } = (
      await answer(
        `query ($id: ID!) { prediction(id: $id) { explanation {
          rawMap(legend: true) { url width height base64 }
          heatmap(legend: true) { url width height base64 } overlay(opacity: 0.2, legend: true) { url width height base64 } } } }`,
        { id: prediction.id },
      )
    ).prediction;
    for (const { url, width, height, base64 } of [explanation.rawMap, explanation.heatmap, explanation.overlay]) {
      const png = decode(Buffer.from(base64, 'base64'));
      expect([png.width, png.height]).toEqual([width, height]);
      expect(height / width).toBeGreaterThan(rows / columns);
      expect(png.text?.Description).toMatch(
        new RegExp(`^GRAD_CAM of "glioma", layer .*, brain-mri ${SHIPPED_VERSION}; strongest colour: `),
      );
      expect(Buffer.from(await (await fetch(url)).arrayBuffer()).toString('base64')).toBe(base64);
    }
  });

  it('is null for a slice that failed, which is shown all the same', async () => {
    const { prediction } = (await anatomy()).at(-1) as Answer;
    const query = 'query ($id: ID!) { prediction(id: $id) { status explanation { id } explanations { id } } }';
    const shown = await answer(query, { id: prediction.id });
    expect(shown.prediction).toEqual({ status: 'FAILED', explanation: null, explanations: [] });
  });

  it('of one label against another is another map than that of the label alone', async () => {
    const { prediction } = await keySlice();
    const query = `query ($id: ID!) { prediction(id: $id) {
      alone: explanation { label against values } contrast: explanation(against: "meningioma") { label against values } } }`;
    const { alone, contrast } = (await answer(query, { id: prediction.id })).prediction;
    expect(alone).toMatchObject({ label: prediction.label, against: null });
    expect(contrast).toMatchObject({ label: prediction.label, against: 'meningioma' });
    expect(contrast.values).not.toEqual(alone.values);
    const itself = `query ($id: ID!) { prediction(id: $id) { explanation(against: "${prediction.label}") { id } } }`;
    expect((await refusal(itself, { id: prediction.id })).code).toBe('LABEL_NOT_FOUND');
  });

  it('is the same one when asked for again', async () => {
    const { prediction } = await keySlice();
    const [one, other] = [await answer(EXPLAIN, { id: prediction.id }), await answer(EXPLAIN, { id: prediction.id })];
    expect(other).toEqual(one);
    expect(one.explainPrediction.explanation.label).toBe(prediction.label);
  });

  it('is computed for any layer by any method', async () => {
    const { prediction } = await keySlice();
    const { layers } = program.context.models.active.classifier;
    const query = `mutation ($id: ID!, $layer: String!, $method: ExplanationMethod!) {
      explainPrediction(input: { predictionId: $id, layer: $layer, method: $method }) {
        explanation { method layer rows columns values } } }`;
    const found = new Set<string>();
    for (const method of ['GRAD_CAM', 'HIRES_CAM', 'LAYER_CAM', 'GRAD_CAM_PLUS_PLUS']) {
      const variables = { id: prediction.id, layer: layers[3], method };
      const { explanation } = (await answer(query, variables)).explainPrediction;
      expect(explanation).toMatchObject({ method, layer: layers[3], rows: 40, columns: 40 });
      expect(explanation.values).toHaveLength(40 * 40);
      found.add(String(explanation.values));
    }
    expect(found.size).toBe(4);
  });

  it('of every layer comes in one answer, first to last, and is each the one that is asked for alone', async () => {
    const { prediction } = await keySlice();
    const { layers } = program.context.models.active.classifier;
    const query = `query ($id: ID!, $layer: String!) { prediction(id: $id) {
      explanations(method: LAYER_CAM) { id layer label values }
      explanation(layer: $layer, method: LAYER_CAM) { id layer label values } } }`;
    const both = (await answer(query, { id: prediction.id, layer: layers[5] })).prediction;
    expect(both.explanations.map(({ layer }: Answer) => layer)).toEqual(layers);
    expect(both.explanations[5]).toEqual(both.explanation);
    const again = (await answer(query, { id: prediction.id, layer: layers[5] })).prediction;
    expect(again.explanations).toEqual(both.explanations);
  });

  it('of a prediction, label or layer that is not there is an error with a cure', async () => {
    const { prediction } = await keySlice();
    expect(await refusal(EXPLAIN, { id: 'prediction-0' })).toMatchObject({ code: 'PREDICTION_NOT_FOUND' });
    expect(await refusal(EXPLAIN, { id: prediction.id, label: 'stroke' })).toEqual({
      code: 'LABEL_NOT_FOUND',
      message: expect.stringContaining('Its labels: '),
    });
    expect(await refusal(EXPLAIN, { id: prediction.id, layer: 'conv_999' })).toEqual({
      code: 'LAYER_NOT_FOUND',
      message: expect.stringContaining('Its layers: '),
    });
    const failed = (await anatomy()).at(-1)?.prediction.id;
    expect(await refusal(EXPLAIN, { id: failed })).toMatchObject({ code: 'EXPLANATION_UNAVAILABLE' });
  });
});

describe('a picture', () => {
  it('is served over HTTP as it is in base64, and not sent again when it has not changed', async () => {
    const { id } = await keySlice();
    const { node } = await answer(
      'query ($id: ID!) { node(id: $id) { ... on Slice { image { url width base64 } } } }',
      { id },
    );
    const response = await fetch(node.image.url);
    expect(response.headers.get('content-type')).toBe('image/png');
    const png = Buffer.from(await response.arrayBuffer());
    expect(png.toString('base64')).toBe(node.image.base64);
    expect(png.toString('latin1')).toContain('Research use only');
    const etag = response.headers.get('etag') as string;
    expect((await fetch(node.image.url, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('has the size and the window that were asked for', async () => {
    const { id } = await keySlice();
    const query = `query ($id: ID!) { node(id: $id) { ... on Slice {
      small: image(size: 64) { width height base64 } dark: image(windowCenter: 3000, windowWidth: 10) { base64 } } } }`;
    const { node } = await answer(query, { id });
    const small = decode(Buffer.from(node.small.base64, 'base64'));
    expect([small.width, small.height]).toEqual([64, 64]);
    expect([node.small.width, node.small.height]).toEqual([64, 64]);
    const dark = [...decode(Buffer.from(node.dark.base64, 'base64')).data];
    expect(dark.reduce((sum, value) => sum + value, 0) / dark.length).toBeLessThan(2);
  });

  it('that is not there is 404, one of a wrong size 400', async () => {
    expect((await fetch(`${program.server.url}/images/slices/slice-0.png`)).status).toBe(404);
    const { id } = await keySlice();
    expect((await fetch(`${program.server.url}/images/slices/${id}.png?size=1000000`)).status).toBe(400);
    expect(
      await refusal('query ($id: ID!) { node(id: $id) { ... on Slice { image(size: 100000) { url } } } }', { id }),
    ).toEqual({
      code: 'BAD_USER_INPUT',
      message: '`size` must be from 16 to 2048.',
    });
  });
});

describe('lists', () => {
  const PAGE = `query ($first: Int, $after: String) { studies(first: $first, after: $after) {
    edges { cursor } nodes { studyInstanceUid } pageInfo { hasNextPage hasPreviousPage endCursor } } }`;

  it('page through all studies, the latest first, unmoved by one that arrives meanwhile', async () => {
    const { prisma } = program.context;
    const uids = ['1.2.1', '1.2.2', '1.2.3', '1.2.4'];
    for (const [index, studyInstanceUid] of uids.entries()) {
      // Two of one moment: the id decides between them.
      const receivedAt = new Date(Date.UTC(2020, 0, 1 + Math.floor(index / 2)));
      await prisma.study.create({ data: { studyInstanceUid, modalities: [], receivedAt } });
    }
    const seen: string[] = [];
    let after: string | null = null;
    for (let more = true; more; ) {
      const { studies: page }: Answer = await answer(PAGE, { first: 2, after });
      seen.push(...page.nodes.map(({ studyInstanceUid }: Answer) => studyInstanceUid));
      expect(page.pageInfo.hasPreviousPage).toBe(after !== null);
      after = page.pageInfo.endCursor;
      more = page.pageInfo.hasNextPage;
      await prisma.study.create({ data: { studyInstanceUid: `1.3.${seen.length}`, modalities: [] } });
    }
    expect(seen).toHaveLength(5);
    expect(seen[0]).toBe(uid);
    expect(new Set(seen)).toEqual(new Set([uid, ...uids]));
    await prisma.study.deleteMany({ where: { studyInstanceUid: { in: [...uids, '1.3.2', '1.3.4', '1.3.5'] } } });
  });

  it('page through the slices of a study in order', async () => {
    const query = `query ($uid: DicomUid!, $after: String) { study(studyInstanceUid: $uid) { slices(first: 7, after: $after) {
      nodes { id } pageInfo { hasNextPage endCursor } } } }`;
    const seen: string[] = [];
    let after: string | null = null;
    for (let more = true; more; ) {
      const { slices }: Answer = (await answer(query, { after })).study;
      seen.push(...slices.nodes.map(({ id }: Answer) => id));
      after = slices.pageInfo.endCursor;
      more = slices.pageInfo.hasNextPage;
    }
    expect(new Set(seen).size).toBe(25);
    expect(seen).toHaveLength(25);
  });

  it('have a largest page, and refuse a cursor that is none', async () => {
    expect(await refusal(PAGE, { first: 501 })).toEqual({
      code: 'BAD_USER_INPUT',
      message: '`first` must be from 1 to 500.',
    });
    expect((await refusal(PAGE, { first: 0 })).code).toBe('BAD_USER_INPUT');
    expect((await refusal(PAGE, { after: 'nonsense' })).message).toContain('is not a cursor of this list');
  });
});

describe('the server', () => {
  it('tells what it is, what computes and what it may be used for', async () => {
    const { server, models } = await answer(`{ server { version intendedUse executionProvider database queueDepth }
      models { id name version sha256 labels layers state } }`);
    expect(server).toMatchObject({
      intendedUse: 'Research use only – not for diagnostic use',
      executionProvider: 'cpu',
      queueDepth: 0,
    });
    expect(server.database).toContain('embedded PostgreSQL');
    expect(models).toHaveLength(1);
    expect(models[0]).toMatchObject({ name: 'brain-mri', state: 'ACTIVE' });
    expect(models[0].layers.length).toBeGreaterThan(1);
    const { node } = await answer('query ($id: ID!) { node(id: $id) { __typename id } }', { id: models[0].id });
    expect(node).toEqual({ __typename: 'Model', id: models[0].id });
  });

  it('knows a study that nobody has as STUDY_NOT_FOUND, and no archive as such', async () => {
    const mutation = (more: string) =>
      `mutation { classifyStudy(input: { studyInstanceUid: "1.2.3.4" ${more} }) { job { id } } }`;
    expect(await refusal(mutation(''))).toEqual({
      code: 'STUDY_NOT_FOUND',
      message: 'Study 1.2.3.4 is not here, and no archive is configured. Import it, or set PACS_URL.',
    });
    expect((await refusal(mutation('pacs: "elsewhere"'))).code).toBe('PACS_NOT_CONFIGURED');
    expect((await refusal(mutation('model: "model-0"'))).code).toBe('MODEL_NOT_FOUND');
    expect((await answer('{ study(studyInstanceUid: "1.2.3.4") { id } }')).study).toBeNull();
    expect((await answer('{ node(id: "nothing") { id } }')).node).toBeNull();
  });

  it('refuses what is no UID, an endless query, and a form from another site', async () => {
    expect(await refusal('{ study(studyInstanceUid: "1.2\'; DROP TABLE") { id } }')).toMatchObject({
      code: expect.stringMatching(/BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/),
    });
    expect((await refusal(`{ ${'a: server { version } '.repeat(1000)} }`)).code).toBe('GRAPHQL_PARSE_FAILED');
    const form = await fetch(`${program.server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify({ query: '{ server { version } }' }),
    });
    expect(form.status).toBeGreaterThanOrEqual(400);
  });

  it('says nothing of an unknown failure but an id, under which the log has it', async () => {
    const explanation = await program.context.prisma.explanation.findFirstOrThrow();
    await program.context.prisma.explanation.update({ where: { id: explanation.id }, data: { frame: 'damaged' } });
    const { errors } = await program.ask(
      'query ($id: ID!) { node(id: $id) { ... on Explanation { prediction { slice { study { id } } } overlay { base64 } peak { x } } } }',
      { id: explanation.id },
    );
    expect(errors?.[0]).toMatchObject({
      message: 'Internal server error',
      extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    expect(JSON.stringify(errors)).not.toContain('stack');
  });

  it('has an explorer without the internet in development, and neither it nor introspection in production', async () => {
    const page = await (await fetch(`${program.server.url}/graphiql`)).text();
    expect(page).toContain('GraphiQL');
    expect(page.match(/<(?:script|link)[^>]+(?:src|href)="https?:/g)).toBeNull();
    const other = await temporaryFolder();
    const production = await startProgram({ DATA_DIR: other.path, NODE_ENV: 'production' });
    expect((await fetch(`${production.server.url}/graphiql`)).status).toBe(404);
    expect((await production.ask('{ __schema { types { name } } }')).errors?.[0].extensions.code).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
    expect((await production.ask('{ server { versio } }')).errors?.[0].message).not.toContain('Did you mean');
    await production.close();
    await other.remove();
  });
});

it('files are refused one by one, and what they are is counted', async () => {
  const mixed = join(folder.path, 'mixed');
  await mkdir(join(mixed, 'deeper'), { recursive: true });
  const [first] = (await readdir(join(folder.path, 'sample'))).sort();
  await copyFile(join(folder.path, 'sample', first as string), join(mixed, 'deeper/again.dcm'));
  await writeFile(join(mixed, 'notes.txt'), 'not DICOM');
  await writeFile(
    join(mixed, 'broken.dcm'),
    Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(40, 7)]),
  );
  const imported = await importFiles(program.context, mixed);
  expect(imported).toMatchObject({ received: 0, duplicates: 1, skipped: 1, studyInstanceUids: [uid] });
  expect(imported.refused).toEqual([{ file: join(mixed, 'broken.dcm'), reason: expect.stringContaining('.') }]);
});
