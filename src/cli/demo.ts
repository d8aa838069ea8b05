import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import { INTENDED_USE } from '../about.js';
import { readConfig } from '../config/config.js';
import type { Manifest } from '../inference/manifest.js';
import { importFiles } from '../intake/importFiles.js';
import { type Begun, type Running, start } from '../main.js';
import { createLog } from '../output/log.js';
import { terminal } from '../output/terminal.js';
import { writeSampleStudy } from '../sample/writeSampleStudy.js';
import { inPercent } from '../statistics/percent.js';
import { sayPrediction } from '../wording/sayAnswer.js';
import { progressBar } from './text.js';

const POLL_MS = 200;

/** `mrimaster demo`: imports, classifies and explains a synthetic study through the API, as a front end does. */
export async function demo({ exit }: { exit?: boolean }, { database, stop }: Begun): Promise<void> {
  // The embedded database and no archives, whatever is configured: a synthetic study must not get into a hospital's.
  const settings = readConfig();
  // Any free DICOM port, since a real server may use the configured one.
  const config = { ...settings, databaseUrl: undefined, archives: [], dicom: { ...settings.dicom, port: 0 } };
  const log = createLog('warn', true); // a person reads it, also where standard error is no terminal
  terminal.log('Starting the database, the model and the server ...');
  await database;
  const running = await start(config, log);
  try {
    const classified = await Promise.race([showStudy(running, exit === true), stop.received]);
    if (stop.signal.aborted) return;
    if (exit) {
      process.exitCode = classified ? 0 : 1;
      return;
    }
    terminal.log('\nThe server stays up; Ctrl-C ends it.');
    await stop.received;
  } finally {
    await running.close();
  }
}

/**
 * @param ends whether the server ends afterwards: its addresses are then not shown.
 * @returns whether the study was classified.
 */
async function showStudy({ context, server }: Running, ends: boolean): Promise<boolean> {
  const { config } = context;
  const ask = createClient(server.url);
  const { name, version } = context.models.active.model;
  terminal.log(
    `Model ${name} ${version} on ${context.models.active.classifier.provider}; ${context.database.description}.`,
  );

  terminal.log('Importing a synthetic study: a computed head with a lesion, no one’s images.');
  const { studyInstanceUid } = await writeSampleStudy(join(config.dataDir, 'sample'));
  await importFiles(context, join(config.dataDir, 'sample'));
  await ask(CLASSIFY, { studyInstanceUid });
  const bar = progressBar('Classifying');
  let study = await ask(STUDY, { studyInstanceUid });
  for (; study.study.jobs.at(-1).status !== 'SUCCEEDED'; study = await ask(STUDY, { studyInstanceUid })) {
    const { progress, status, error } = study.study.jobs.at(-1);
    bar.update(progress);
    if (status === 'FAILED') throw new Error(error);
    await sleep(POLL_MS);
  }
  bar.update(1);
  bar.stop();

  const { finding, series, status } = study.study;
  for (const { description, eligible, eligibilityReason } of series)
    terminal.log(`${eligible ? 'Classified ' : 'Passed over'}  ${description}: ${eligibilityReason}`);
  printSlices(series);
  terminal.log(howToRead(context.models.active.classifier.manifest));
  if (finding) await showFinding();
  if (!ends) terminal.log(`\nGraphQL ${server.url}/graphql    explorer ${server.url}/graphiql`);
  terminal.log(`${INTENDED_USE}. The study is synthetic.`);
  return status === 'CLASSIFIED' && finding !== null;

  async function showFinding(): Promise<void> {
    const { keySlice } = finding;
    const answer = finding.abstained ? finding.answer : `${finding.label}, confidence ${inPercent(finding.confidence)}`;
    terminal.log(`The study’s answer: ${answer}; look first at slice ${keySlice.position + 1}.`);
    const { explainPrediction } = await ask(EXPLAIN, { predictionId: keySlice.prediction.id });
    const { overlay, layer, method } = explainPrediction.explanation;
    const file = join(config.dataDir, 'demo-overlay.png');
    await writeFile(file, Buffer.from(overlay.base64, 'base64'));
    terminal.log(`Why (${method}, layer ${layer}): ${file}`);
    if (!ends) terminal.log(`                    ${overlay.url}`);
  }
}

const CLASSIFY = `mutation ($studyInstanceUid: DicomUid!) {
  classifyStudy(input: { studyInstanceUid: $studyInstanceUid, force: true }) { job { id } }
}`;

const STUDY = `query ($studyInstanceUid: DicomUid!) {
  study(studyInstanceUid: $studyInstanceUid) {
    status
    jobs { status progress error }
    series {
      description eligible eligibilityReason
      slices { nodes { position sliceLocation prediction { status label confidence abstentionReason failureCode inferenceMs } } }
    }
    finding { label confidence abstained abstentionReason answer keySlice { position prediction { id } } }
  }
}`;

const EXPLAIN = `mutation ($predictionId: ID!) {
  explainPrediction(input: { predictionId: $predictionId }) {
    explanation { layer method overlay(opacity: 0.6, legend: true) { url base64 } }
  }
}`;

// biome-ignore lint/suspicious/noExplicitAny: responses to the queries above, used in this file only
type DemoReply = any;

function createClient(url: string): (query: string, variables: object) => Promise<DemoReply> {
  return async (query, variables) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: DemoReply; errors?: { message: string }[] };
    if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
    return data;
  };
}

function howToRead({ abstention, calibration, inSeries }: Manifest): string {
  if (inSeries) {
    const { finding, normal } = inSeries.abstention;
    return `Slices are read together: each has an answer from a confidence of ${inPercent(finding)} on, "nothing found" from ${inPercent(normal)} on.`;
  }
  if (!calibration || !abstention) return 'The model is not calibrated: read its confidences with care.';
  return `Confidences are calibrated probabilities; below ${inPercent(abstention.confidence)} the model abstains.`;
}

function printSlices(series: DemoReply[]): void {
  const table = new Table({
    head: ['slice', 'location', 'label', 'confidence', 'time'],
    colAligns: ['right', 'right', 'left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { eligible, slices } of series) {
    if (!eligible) continue;
    for (const { position, sliceLocation, prediction } of slices.nodes) {
      const { status, label, confidence, inferenceMs } = prediction;
      const answered = status === 'CLASSIFIED';
      table.push([
        position + 1,
        sliceLocation === null ? '' : `${sliceLocation.toFixed(1)} mm`,
        answered ? label : sayPrediction(prediction),
        answered ? inPercent(confidence) : '',
        `${inferenceMs.toFixed(1)} ms`,
      ]);
    }
  }
  terminal.log(table.toString());
}
