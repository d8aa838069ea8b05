import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { butIs, integer, oneOf } from './settingKinds.js';

/** Which model answers, and what computes. */
export type ModelSettings = {
  modelsDir: string;
  /** "name" or "name@version"; undefined: the newest brain-mri, or the only model there is. */
  model: string | undefined;
  inferenceDevice: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  decodeThreads: number;
};

const OWN_MODELS = fileURLToPath(new URL('../../models', import.meta.url));

/** Schema of the settings of models. `directory`: that from which relative paths are taken. */
export const modelSettings = (directory: string) =>
  z
    .object({
      MODELS_DIR: z
        .string()
        .optional()
        .transform((given) => (given === undefined ? OWN_MODELS : resolve(directory, given)))
        .meta({
          description:
            'Folder of models: <MODELS_DIR>/<name>/<version>/, see docs/models.md. By default those that come with MRIMaster.',
        }),
      MODEL: z
        .string()
        .regex(/^[^@]+(@[^@]+)?$/, butIs('must be a name, or name@version, of a folder in MODELS_DIR'))
        .optional()
        .meta({
          description: 'The model that answers: a name or name@version. By default the newest brain-mri.',
          example: 'brain-mri',
        }),
      INFERENCE_DEVICE: oneOf(['auto', 'cpu', 'webgpu', 'cuda']).prefault('auto').meta({
        description:
          'What computes: auto (the fastest of what is there), cpu, webgpu or cuda. docs/devices.md tells what each needs.',
      }),
      DECODE_THREADS: integer(1, 64).prefault('2').meta({ description: 'Threads that decode slices, from 1 to 64.' }),
    })
    .transform(
      (given): ModelSettings => ({
        modelsDir: given.MODELS_DIR,
        model: given.MODEL,
        inferenceDevice: given.INFERENCE_DEVICE,
        decodeThreads: given.DECODE_THREADS,
      }),
    )
    .meta({ title: 'Models', description: 'Which model answers, and what computes.' });
