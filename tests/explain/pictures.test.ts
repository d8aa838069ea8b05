import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { enqueueWriteBacks } from '../../src/jobs/enqueueWriteBacks.js';
import { readHeader } from '../../src/pacs/header/readHeader.js';
import {
  type Answer,
  isClassified,
  type Program,
  sampleFiles,
  startProgram,
  temporaryFolder,
  until,
} from '../setup/program.js';
import { startArchive, stow } from '../setup/webArchive.js';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const STUDY = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { status jobs { status }
  reports { kind revision storedAt error } finding { keySlice { prediction { id label } } } } }`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let archive: Awaited<ReturnType<typeof startArchive>>;
let program: Program;
let uid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const { studyInstanceUid, paths } = await sampleFiles(folder.path);
  uid = studyInstanceUid;
  const files = paths.map((path) => readFileSync(path));
  archive = await startArchive(files);
  const env = { DATA_DIR: join(folder.path, 'data'), PACS_URL: archive.url, WRITE_BACK: 'true' };
  program = await startProgram({ ...env, STUDY_QUIET_SECONDS: '1' });
  await stow(program, files);
  await until(study, isClassified);
  await until(study, ({ reports }) => reports.filter(({ storedAt }: Answer) => storedAt).length === 2);
});
afterAll(async () => {
  await program?.close();
  archive?.close();
  await folder.remove();
});

const study = async (): Promise<Answer> => (await program.ask(STUDY, { uid })).data.study;

/** Our last picture in the archive: how it was made, in its own words, and its pixels, RGB. */
function lastPicture(): { description: string; rows: number; columns: number; pixels: Buffer } {
  const headers = archive.objects.map((bytes) => readHeader(bytes));
  const { dataSet, bytes, pixelData } = headers.findLast(
    ({ dataSet: one }) => one.string('x00080016') === SECONDARY_CAPTURE,
  ) as Answer;
  const [rows, columns] = [dataSet.uint16('x00280010'), dataSet.uint16('x00280011')];
  const pixels = Buffer.from(bytes.buffer, bytes.byteOffset + pixelData.dataOffset, rows * columns * 3);
  return { description: dataSet.string('x00082111'), rows, columns, pixels };
}

/** How many pixels have a colour of the heat map's, which is purple where no word is. */
function purple({ pixels }: ReturnType<typeof lastPicture>): number {
  let count = 0;
  for (let at = 0; at < pixels.length; at += 3) {
    const [red, green, blue] = [pixels[at], pixels[at + 1], pixels[at + 2]] as [number, number, number];
    if (red > green + 30 && blue > green + 10) count++;
  }
  return count;
}

it('says the study’s answer first, then the slice’s, and shows the map of that label', async () => {
  const picture = lastPicture();
  expect(picture.description).toMatch(
    /^Study: glioma, [> \d.]+ %\. This slice: glioma, [> \d.]+ %\. GRAD_CAM of "glioma"/,
  );
  expect(purple(picture)).toBeGreaterThan(1000);
});

it('says of a study without an answer that there is none, why, and shows no map of a label', async () => {
  const { models, prisma } = program.context;
  const { model } = models.active;
  const before = await prisma.study.update({ where: { studyInstanceUid: uid }, data: { revision: { increment: 1 } } });
  await prisma.studyFinding.updateMany({
    where: { modelId: model.id },
    data: { abstained: true, abstentionReason: 'OUT_OF_DISTRIBUTION' },
  });
  await prisma.$transaction((tx) => enqueueWriteBacks(program.context, model, tx, before, undefined));
  await until(study, ({ reports }) => reports.filter(({ storedAt }: Answer) => storedAt).length === 4);
  const picture = lastPicture();
  expect(picture.description).toMatch(/^No answer \(unlike what the model was made from\)\./);
  for (const label of model.labels) expect(picture.description).not.toContain(label);
  expect(picture.description).not.toContain('%');
  expect(purple(picture)).toBe(0);
});

it('says of a tumour of unsure kind that it is there and what it may be, and shows no map of either', async () => {
  const { models, prisma } = program.context;
  const { model } = models.active;
  const before = await prisma.study.update({ where: { studyInstanceUid: uid }, data: { revision: { increment: 1 } } });
  const probabilities = [
    { label: 'glioma', probability: 0.5509 },
    { label: 'meningioma', probability: 0.4319 },
    { label: 'no_tumor', probability: 0.0101 },
  ];
  await prisma.studyFinding.updateMany({
    where: { modelId: model.id },
    data: { abstained: true, abstentionReason: 'KINDS_DISAGREE', kinds: ['glioma', 'meningioma'], probabilities },
  });
  await prisma.$transaction((tx) => enqueueWriteBacks(program.context, model, tx, before, undefined));
  await until(study, ({ reports }) => reports.filter(({ storedAt }: Answer) => storedAt).length === 6);
  const picture = lastPicture();
  expect(picture.description).toMatch(/^tumour, kind not sure: glioma 55\.0 % or meningioma 43\.1 %\./);
  expect(picture.description).toContain('does not say of which kind');
  expect(purple(picture)).toBe(0);
  const shown = await program.ask(
    'query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { finding { answer abstentionReason kinds probabilities { label } } } }',
    { uid },
  );
  expect(shown.data.study.finding).toEqual({
    answer: 'tumour, kind not sure: glioma 55.0 % or meningioma 43.1 %',
    abstentionReason: 'KINDS_DISAGREE',
    kinds: ['glioma', 'meningioma'],
    probabilities: [{ label: 'glioma' }, { label: 'meningioma' }, { label: 'no_tumor' }],
  });
});

it('says in the legend of any map whether its label is the answer', async () => {
  const { prediction } = (await study()).finding.keySlice;
  const EXPLAIN = `mutation ($id: ID!, $label: String) { explainPrediction(input: { predictionId: $id, label: $label }) {
    explanation { id overlay(legend: true) { base64 } } } }`;
  const legend = async (label: string): Promise<string> => {
    const { data } = await program.ask(EXPLAIN, { id: prediction.id, label });
    return Buffer.from(data.explainPrediction.explanation.overlay.base64, 'base64').toString('latin1');
  };
  expect(await legend(prediction.label)).toMatch(
    /GRAD_CAM of "glioma", layer[^;]*; strongest colour: \S+\. Slice: glioma, [> \d.]+ %/,
  );
  expect(await legend('pituitary')).toContain('GRAD_CAM of "pituitary", which is not the answer of this slice');
  await program.context.prisma.prediction.update({
    where: { id: prediction.id },
    data: { status: 'ABSTAINED', abstentionReason: 'LOW_CONFIDENCE' },
  });
  const abstained = await legend(prediction.label);
  expect(abstained).toContain('Slice: No answer (confidence too low)');
  expect(abstained).toContain('"glioma", which is not the answer of this slice');
});
