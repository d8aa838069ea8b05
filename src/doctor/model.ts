import type { Config } from '../config/config.js';
import { MrimasterError } from '../errors/errors.js';
import { openClassifier } from '../inference/classifier.js';
import { chooseModel, readModels } from '../inference/manifest.js';
import { type CheckOutcome, failed, ok } from './checkResult.js';

const CURES: Record<string, string> = {
  MODEL_INVALID:
    'Copy the folder that MODELS_DIR names again from where it came, or correct its manifest.json as docs/models.md says.',
  MODEL_NOT_FOUND: 'Set MODEL to one of those, or MODELS_DIR to the folder that has it.',
  DEVICE_UNAVAILABLE: 'Set INFERENCE_DEVICE=auto, or install what docs/devices.md names for that device.',
};
const SIDE = 64;

/** Examines the model as the server would load it (manifest, hash, graph, device), and classifies one made-up slice. */
export async function examineModel({ modelsDir, model, inferenceDevice }: Config): Promise<CheckOutcome> {
  try {
    const classifier = await openClassifier(chooseModel(await readModels(modelsDir), model), inferenceDevice);
    try {
      const [answer] = await classifier.classify([madeUpSlice()]);
      const { manifest, provider } = classifier;
      const took = `${Math.round(answer?.inferenceMs ?? 0)} ms a slice on ${provider}`;
      return ok(`${manifest.name} ${manifest.version}, ${took}; labels: ${manifest.labels.join(', ')}.`);
    } finally {
      await classifier.close();
    }
  } catch (error) {
    if (!(error instanceof MrimasterError)) throw error;
    return failed(error.code, error.message, CURES[error.code] ?? 'Look at MODELS_DIR, MODEL and INFERENCE_DEVICE.');
  }
}

/** A grey disc. The prediction does not matter. */
function madeUpSlice() {
  const pixels = Float32Array.from({ length: SIDE * SIDE }, (_, index) =>
    Math.hypot((index % SIDE) - SIDE / 2, Math.floor(index / SIDE) - SIDE / 2) < SIDE / 3 ? 100 + (index % 7) : 0,
  );
  return { rows: SIDE, columns: SIDE, pixels };
}
