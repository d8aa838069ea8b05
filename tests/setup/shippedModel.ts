import { join } from 'node:path';
import { chooseModel, readModels } from '../../src/inference/manifest.js';
import { REPOSITORY } from './program.js';

/** The model that is served where nobody names one. */
export const SHIPPED = chooseModel(await readModels(join(REPOSITORY, 'models')));
export const SHIPPED_VERSION = SHIPPED.manifest.version;
/** Its graph, manifest and card. */
export const SHIPPED_FOLDER = join(REPOSITORY, 'models/brain-mri', SHIPPED_VERSION);
