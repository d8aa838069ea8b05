import { INTENDED_USE } from '../about.js';
import { readConfig } from '../config/config.js';
import { InvalidDicom } from '../errors/errors.js';
import { openClassifier } from '../inference/classifier.js';
import { chooseModel, readModels } from '../inference/manifest.js';
import { counted } from '../output/counted.js';
import { terminal } from '../output/terminal.js';
import { createDecodePool, FRAME_LIMITS } from '../pacs/pixels/decodePool.js';
import { sayGuess, sayPrediction } from '../wording/sayAnswer.js';
import { type ClassifiedFile, classifyFiles } from './classifyFiles.js';

/** `mrimaster classify PATH`: prints a line for each slice. Exits with 1 where one could not be read. */
export async function classify(path: string, { json, model }: { json?: boolean; model?: string }): Promise<void> {
  const config = readConfig();
  const chosen = chooseModel(await readModels(config.modelsDir), model ?? config.model);
  const classifier = await openClassifier(chosen, config.inferenceDevice);
  const decoding = createDecodePool({ threads: 1, ...FRAME_LIMITS });
  try {
    let [answered, abstained, unsure, failed] = [0, 0, 0, 0];
    for await (const slice of classifyFiles(path, classifier, decoding)) {
      if ('failure' in slice) failed++;
      else if (slice.prediction.status === 'CLASSIFIED') answered++;
      else abstained++;
      if ('prediction' in slice && slice.prediction.abstentionReason === 'LOW_CONFIDENCE') unsure++;
      terminal.log(json ? JSON.stringify(asJson(slice)) : asText(slice));
    }
    const slices = answered + abstained + failed;
    if (slices === 0) throw new InvalidDicom(`No DICOM, PNG or JPEG file was found in ${path}.`);
    if (failed > 0) process.exitCode = 1;
    if (json) return;
    const { name, version, inSeries } = classifier.manifest;
    const counts = `${answered} of ${counted(slices, 'slice')} answered, ${abstained} abstained, ${failed} failed`;
    terminal.log(`\n${counts}; ${name} ${version} on ${classifier.provider}.`);
    if (inSeries && unsure > 0)
      terminal.log(
        'Each was judged by itself. Slices of a series are surer when they are read together: `mrimaster import`.',
      );
    if (!classifier.manifest.calibration) terminal.log('This model is not calibrated: read its confidences with care.');
    terminal.log(`${INTENDED_USE}.`);
  } finally {
    await Promise.all([classifier.close(), decoding.close()]);
  }
}

/** One line of `--json`, which the README documents. */
function asJson(slice: ClassifiedFile) {
  const { file, frameNumber } = slice;
  if ('failure' in slice) {
    const { code, message } = slice.failure;
    const nothing = { label: null, confidence: null, probabilities: {}, abstentionReason: null, novelty: null };
    return { file, frameNumber, status: 'FAILED', ...nothing, failureCode: code, message };
  }
  const { status, label, confidence, probabilities, abstentionReason, novelty } = slice.prediction;
  const byLabel = Object.fromEntries(probabilities.map((entry) => [entry.label, entry.probability]));
  return { file, frameNumber, status, label, confidence, probabilities: byLabel, abstentionReason, novelty };
}

function asText(slice: ClassifiedFile): string {
  const where = slice.frameNumber > 1 ? `${slice.file}, frame ${slice.frameNumber}` : slice.file;
  if ('failure' in slice) return `${where}: failed – ${slice.failure.message}`;
  const { prediction } = slice;
  const answer = sayPrediction({ ...prediction, failureCode: null });
  return `${where}: ${answer}${prediction.status === 'ABSTAINED' ? `; ${sayGuess(prediction)}` : ''}`;
}
