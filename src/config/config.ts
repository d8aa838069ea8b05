import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ConfigInvalid } from '../errors/configInvalid.js';
import type { IdentitySettings } from '../identity/authenticate.js';
import type { ArchiveSettings } from '../pacs/archive.js';
import { type ArchiveFields, DEFAULT_ARCHIVE, readArchive, readArchivesFile } from './archiveSettings.js';
import { type DicomSettings, dicomEnvironment, readDicomSettings } from './dicomSettings.js';
import { type HttpSettings, httpEnvironment, readHttpSettings } from './httpSettings.js';
import { identityEnvironment, readIdentitySettings } from './identitySettings.js';
import { readOperations } from './persistedOperations.js';
import { DEFAULT_RULES, type Rule, readRules } from './rules.js';
import { readTracing, tracingEnvironment } from './telemetrySettings.js';
import { readWebhookSettings, type WebhookSettings, webhookEnvironment } from './webhookSettings.js';

export type Config = HttpSettings & {
  /** How callers of the API prove who they are. */
  identity: IdentitySettings;
  /** The only operations that are answered, by SHA-256; undefined: any. */
  operations: ReadonlyMap<string, string> | undefined;
  /** Requests of one caller in a minute. */
  rateLimit: number;
  dataDir: string;
  databaseUrl: string | undefined;
  modelsDir: string;
  /** "name" or "name@version"; undefined = the newest brain-mri, or the only model there is. */
  model: string | undefined;
  /** Those of PACS_FILE behind that of PACS_URL; the first is asked first. */
  archives: readonly ArchiveSettings[];
  /** How long a study that arrives must be quiet, and after how long it is classified though nothing proves it whole. */
  arrivals: { quietMs: number; deadlineMs: number };
  /** Whether answers are written back to the archive that a study came from, the first where it came by itself. */
  writeBack: boolean;
  /** Which arriving studies are classified; the first that fits decides. */
  rules: readonly Rule[];
  /** Our own DICOM port; its `port` is null where it is off. */
  dicom: DicomSettings;
  /** Who is told of studies. */
  webhooks: WebhookSettings;
  inferenceDevice: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  decodeThreads: number;
  logLevel: string;
  /** Whether spans go to an OpenTelemetry collector. */
  tracing: boolean;
  /** Where a worker tells of its health and metrics; null: nowhere. A server does so at `port`. */
  metricsPort: number | null;
  production: boolean;
};

const integer = (name: string, minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/, `${name} must be a whole number from ${minimum} to ${maximum}.`)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, {
      message: `${name} must be from ${minimum} to ${maximum}.`,
    });
const url = (name: string, protocols: string[], example: string) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    message: `${name} must be an address like ${example}.`,
  });
const oneOf = <const T extends readonly [string, ...string[]]>(name: string, values: T) =>
  z.enum(values, { error: `${name} must be one of ${values.join(', ')}.` });

const environment = z.object({
  ...httpEnvironment,
  ...identityEnvironment,
  PORT: integer('PORT', 0, 65_535).default(4000),
  PUBLIC_URL: url('PUBLIC_URL', ['http:', 'https:'], 'https://mri.hospital.example').optional(),
  PERSISTED_OPERATIONS: z.string().optional(),
  RATE_LIMIT_PER_MINUTE: integer('RATE_LIMIT_PER_MINUTE', 1, 1_000_000).default(6000),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: url('DATABASE_URL', ['postgresql:', 'postgres:'], 'postgresql://user:password@host:5432/name')
    .refine((value) => !URL.canParse(value) || ['public', null].includes(new URL(value).searchParams.get('schema')), {
      message:
        'DATABASE_URL names a schema other than public, which is the one used. Give MRIMaster a database of its own.',
    })
    .optional(),
  MODELS_DIR: z.string().default(fileURLToPath(new URL('../../models', import.meta.url))),
  MODEL: z
    .string()
    .regex(/^[^@]+(@[^@]+)?$/, 'MODEL must be a name, or name@version, of a folder in MODELS_DIR.')
    .optional(),
  PACS_URL: z.string().optional(),
  PACS_USERNAME: z.string().optional(),
  PACS_PASSWORD: z.string().optional(),
  PACS_TOKEN: z.string().optional(),
  PACS_CA: z.string().optional(),
  PACS_CERTIFICATE: z.string().optional(),
  PACS_KEY: z.string().optional(),
  PACS_CHANGES_URL: z.string().optional(),
  PACS_POLL_SECONDS: integer('PACS_POLL_SECONDS', 1, 86_400).optional(),
  PACS_RETRIEVE: oneOf('PACS_RETRIEVE', ['move', 'get']).default('move'),
  PACS_FILE: z.string().optional(),
  ...dicomEnvironment,
  STUDY_QUIET_SECONDS: integer('STUDY_QUIET_SECONDS', 1, 86_400).default(60),
  STUDY_DEADLINE_SECONDS: integer('STUDY_DEADLINE_SECONDS', 1, 604_800).default(600),
  RULES_FILE: z.string().optional(),
  WRITE_BACK: oneOf('WRITE_BACK', ['true', 'false']).default('false'),
  ...webhookEnvironment,
  INFERENCE_DEVICE: oneOf('INFERENCE_DEVICE', ['auto', 'cpu', 'webgpu', 'cuda']).default('auto'),
  DECODE_THREADS: integer('DECODE_THREADS', 1, 64).default(2),
  LOG_LEVEL: oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  ...tracingEnvironment,
  METRICS_PORT: integer('METRICS_PORT', 0, 65_535).optional(),
  NODE_ENV: z.string().optional(),
});

/**
 * The only reader of the environment. Relative folders are taken from `directory`.
 * @throws ConfigInvalid with every problem and its cure.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env, directory = process.cwd()): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')); // `PORT=` means unset
  const { data, error } = environment.safeParse(given);
  const problems = error?.issues.map(({ message }) => message) ?? [];
  const folder = (path: string) => (isAbsolute(path) ? path : resolve(directory, path));
  const archives = readArchives(given, folder, directory, problems);
  const dicom = readDicomSettings(given, folder, problems);
  const names = archives.map(({ name }) => name);
  const rules = given.RULES_FILE ? readRules(folder(given.RULES_FILE), names, problems) : DEFAULT_RULES;
  const webhooks = readWebhookSettings(given, problems);
  const identity = readIdentitySettings(given, folder, problems);
  const operations = given.PERSISTED_OPERATIONS
    ? readOperations(folder(given.PERSISTED_OPERATIONS), problems)
    : undefined;
  const http = readHttpSettings(given, identity, folder, problems);
  const tracing = readTracing(given, problems);
  if (!data || problems.length > 0) {
    const list = problems.map((problem) => `  - ${problem}`).join('\n');
    throw new ConfigInvalid(
      `MRIMaster cannot start with this configuration:\n${list}\nAll settings: .env.example`,
      problems,
    );
  }
  return {
    ...http,
    identity,
    operations,
    rateLimit: data.RATE_LIMIT_PER_MINUTE,
    port: data.PORT,
    publicUrl: data.PUBLIC_URL?.replace(/\/+$/, ''),
    dataDir: folder(data.DATA_DIR),
    databaseUrl: data.DATABASE_URL,
    modelsDir: folder(data.MODELS_DIR),
    model: data.MODEL,
    archives,
    dicom,
    rules,
    writeBack: data.WRITE_BACK === 'true',
    arrivals: { quietMs: data.STUDY_QUIET_SECONDS * 1000, deadlineMs: data.STUDY_DEADLINE_SECONDS * 1000 },
    webhooks,
    inferenceDevice: data.INFERENCE_DEVICE,
    decodeThreads: data.DECODE_THREADS,
    logLevel: data.LOG_LEVEL,
    tracing,
    metricsPort: data.METRICS_PORT ?? null,
    production: data.NODE_ENV === 'production',
  };
}

/** Of what is given, also where other settings are wrong: every problem is to be reported. */
function readArchives(
  given: NodeJS.ProcessEnv,
  folder: (path: string) => string,
  directory: string,
  problems: string[],
): ArchiveSettings[] {
  const { PACS_URL, PACS_USERNAME, PACS_PASSWORD, PACS_TOKEN, PACS_CA, PACS_CERTIFICATE, PACS_KEY, PACS_FILE } = given;
  const archives: ArchiveSettings[] = [];
  if (PACS_URL !== undefined) {
    const retrieve = given.PACS_RETRIEVE === 'get' ? 'get' : 'move';
    const account = { username: PACS_USERNAME, password: PACS_PASSWORD, token: PACS_TOKEN };
    const watched = { changes: given.PACS_CHANGES_URL, poll: Number(given.PACS_POLL_SECONDS) || undefined };
    const fields = {
      url: PACS_URL,
      ...account,
      ...watched,
      ca: PACS_CA,
      certificate: PACS_CERTIFICATE,
      key: PACS_KEY,
      retrieve,
    };
    const archive = readArchive(DEFAULT_ARCHIVE, fields as ArchiveFields, 'PACS_URL', directory, problems);
    if (archive) archives.push(archive);
  }
  if (PACS_FILE !== undefined) archives.push(...readArchivesFile(folder(PACS_FILE), given, problems));
  const names = archives.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice) problems.push(`Two archives are called "${twice}". Rename the one in PACS_FILE.`);
  return archives;
}
