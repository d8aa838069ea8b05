import type { Config } from '../config/config.js';
import { examineApiCallers, examineHttpCertificate } from './apiCallers.js';
import { examineArchive } from './archive.js';
import { type CheckOutcome, type CheckResult, examine, skipped } from './checkResult.js';
import { examineConfiguration } from './configuration.js';
import { examineDatabase } from './database.js';
import { examineCallers, examineDicomCertificate, examineDicomPort } from './dicomPort.js';
import { examineDisk, type FreeBytes, freeBytes } from './disk.js';
import { examineHttpPort } from './httpPort.js';
import { examineModel } from './model.js';

/** `move`: whether an archive may be asked to send us an object, which is then refused. `free`: how disks are measured. */
export type DoctorOptions = {
  env: NodeJS.ProcessEnv;
  directory: string;
  move?: boolean;
  now?: Date;
  free?: FreeBytes;
};

/** A graphics device may take its time to compile the model. */
const MODEL_MS = 60_000;
/** PostgreSQL may first have to be unpacked, or to recover. */
const DATABASE_MS = 30_000;
const IDENTITY = ['OIDC_ISSUER', 'OIDC_AUDIENCE', 'OIDC_JWKS_URL', 'OIDC_ROLES', 'TOKENS_FILE'];
const DICOM = ['DICOM_HOST', 'DICOM_PORT', 'DICOM_AE_TITLE', 'DICOM_ALLOWED_PEERS'];
const DICOM_TLS = ['DICOM_TLS_CERTIFICATE', 'DICOM_TLS_KEY', 'DICOM_TLS_CA'];

/**
 * Looks at all that MRIMaster needs, in the order in which it needs it. Nothing is changed: no migration, no file, no
 * object in an archive. What depends on settings that are wrong is told to be skipped.
 */
export async function* doctor(options: DoctorOptions): AsyncGenerator<CheckResult> {
  const { env, directory, move = false, now = new Date(), free = freeBytes } = options;
  const { config, doubtful, findings } = examineConfiguration(env, directory);
  yield* findings;
  /** Of the settings that a check is about, those that are wrong. */
  const wrongOf = (names: readonly string[]) => names.filter((name) => doubtful.has(name)).join(', ');
  const look = (
    check: string,
    names: readonly string[],
    ask: (config: Config) => Promise<CheckOutcome>,
    limitMs?: number,
  ) =>
    examine(
      check,
      async () => {
        const wrong = wrongOf(names);
        if (wrong || !config) return skipped(`not tried: ${wrong || 'the configuration'} must be corrected first.`);
        return ask(config);
      },
      limitMs,
    );
  yield await look('model', ['MODELS_DIR', 'MODEL', 'INFERENCE_DEVICE'], examineModel, MODEL_MS);
  yield await look('database', ['DATABASE_URL', 'DATA_DIR'], examineDatabase, DATABASE_MS);
  yield await look('disk', ['DATA_DIR'], ({ dataDir }) => examineDisk(dataDir, free));
  yield await look('HTTP port', ['HOST', 'PORT'], examineHttpPort);
  yield await look('HTTPS', ['TLS_CERTIFICATE', 'TLS_KEY'], async (config) => examineHttpCertificate(config, now));
  yield await look('API callers', IDENTITY, (config) => examineApiCallers(config, now));
  yield await look('DICOM port', [...DICOM, ...DICOM_TLS], examineDicomPort);
  yield await look('DICOM callers', DICOM, examineCallers);
  yield await look('DICOM TLS', DICOM_TLS, ({ dicom }) => examineDicomCertificate(dicom, now));
  const passedOver = wrongOf([...doubtful].filter((name) => name.startsWith('PACS_')));
  if (passedOver || !config?.archives.length) {
    const why = passedOver ? `not all tried: ${passedOver} must be corrected first.` : 'none is configured.';
    yield { check: 'archives', ...skipped(why) };
  }
  for (const settings of config?.archives ?? []) yield* examineArchive(settings, config as Config, { now, move });
}
