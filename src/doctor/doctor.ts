import type { Config } from '../config/config.js';
import { examineApiCallers, examineHttpCertificate } from './apiCallers.js';
import { examineArchives } from './archives.js';
import { type CheckOutcome, type CheckResult, examine, skipped } from './checkResult.js';
import { examineConfiguration } from './configuration.js';
import { examineDatabase } from './database.js';
import { examineCallers, examineDicomCertificate, examineDicomPort } from './dicomPort.js';
import { examineDisk, type FreeBytes, freeBytes } from './disk.js';
import { examineHttpPort } from './httpPort.js';
import { examineModel } from './model.js';

/**
 * What to examine. `env` and `directory`: where the settings come from. `move`: whether an archive may be asked to send
 * us an object, which is then refused. `free`: how disks are measured.
 */
export type DoctorOptions = {
  env: NodeJS.ProcessEnv;
  directory: string;
  move?: boolean;
  now?: Date;
  free?: FreeBytes;
};

/** A graphics device may take long to compile the model. */
const MODEL_MS = 60_000;
/** PostgreSQL may first have to be unpacked, or recover from a crash. */
const DATABASE_MS = 30_000;
const IDENTITY = ['OIDC_ISSUER', 'OIDC_AUDIENCE', 'OIDC_JWKS_URL', 'OIDC_ROLES', 'TOKENS_FILE'];
const DICOM = ['DICOM_HOST', 'DICOM_PORT', 'DICOM_AE_TITLE', 'DICOM_ALLOWED_PEERS'];
const DICOM_TLS = ['DICOM_TLS_CERTIFICATE', 'DICOM_TLS_KEY', 'DICOM_TLS_CA'];

/**
 * Checks everything that MRIMaster needs, in the order in which it needs it. It changes nothing: no migration, no file,
 * no object in an archive. Checks that depend on settings that are wrong are skipped, and say so.
 */
export async function* doctor(options: DoctorOptions): AsyncGenerator<CheckResult> {
  const { env, directory, move = false, now = new Date(), free = freeBytes } = options;
  const { config, results, wrong: allWrong } = examineConfiguration(env, directory);
  yield* results;
  const wrongOf = (names: readonly string[]) => names.filter((name) => allWrong.has(name)).join(', ');
  const check = (
    name: string,
    settings: readonly string[],
    run: (config: Config) => Promise<CheckOutcome>,
    limitMs?: number,
  ) =>
    examine(
      name,
      async () => {
        const wrong = wrongOf(settings);
        if (wrong || !config) return skipped(`not tried: ${wrong || 'the configuration'} must be corrected first.`);
        return run(config);
      },
      limitMs,
    );
  yield await check('model', ['MODELS_DIR', 'MODEL', 'INFERENCE_DEVICE'], examineModel, MODEL_MS);
  yield await check('database', ['DATABASE_URL', 'DATA_DIR'], examineDatabase, DATABASE_MS);
  yield await check('disk', ['DATA_DIR'], ({ dataDir }) => examineDisk(dataDir, free));
  yield await check('HTTP port', ['HOST', 'PORT'], examineHttpPort);
  yield await check('HTTPS', ['TLS_CERTIFICATE', 'TLS_KEY'], async (config) => examineHttpCertificate(config, now));
  yield await check('API callers', IDENTITY, (config) => examineApiCallers(config, now));
  yield await check('DICOM port', [...DICOM, ...DICOM_TLS], examineDicomPort);
  yield await check('DICOM callers', DICOM, examineCallers);
  yield await check('DICOM TLS', DICOM_TLS, ({ dicom }) => examineDicomCertificate(dicom, now));
  const passedOver = wrongOf([...allWrong].filter((name) => name.startsWith('PACS_')));
  yield* examineArchives(config, passedOver, { now, move });
}
