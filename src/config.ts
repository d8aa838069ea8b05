import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { MrimasterError } from './errors.js';

/** What is wrong with the environment: all of it at once, each with its cure. */
export class ConfigInvalid extends MrimasterError {
  override readonly code = 'CONFIG_INVALID';
}

export type Config = {
  host: string;
  port: number;
  /** Where callers reach us when that is not HOST and PORT: the address of a reverse proxy. */
  publicUrl: string | undefined;
  dataDir: string;
  databaseUrl: string | undefined;
  modelsDir: string;
  /** "name" or "name@version"; undefined = the newest brain-mri, or the only model there is. */
  model: string | undefined;
  pacsUrl: string | undefined;
  pacsUsername: string | undefined;
  pacsPassword: string | undefined;
  inferenceDevice: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  decodeThreads: number;
  logLevel: string;
  production: boolean;
};

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];
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
  HOST: z
    .string()
    .default('127.0.0.1')
    .refine((host) => LOOPBACK.includes(host), {
      message: `HOST must be one of ${LOOPBACK.join(', ')}: this version does not authenticate its callers, so it serves this machine only. Put a reverse proxy that authenticates in front of it.`,
    }),
  PORT: integer('PORT', 0, 65_535).default(4000),
  PUBLIC_URL: url('PUBLIC_URL', ['http:', 'https:'], 'https://mri.hospital.example').optional(),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: url('DATABASE_URL', ['postgresql:', 'postgres:'], 'postgresql://user:password@host:5432/name')
    .refine((value) => !URL.canParse(value) || ['public', null].includes(new URL(value).searchParams.get('schema')), {
      message:
        'DATABASE_URL names a schema other than public, which is the one used. Give MRIMaster a database of its own.',
    })
    .optional(),
  MODELS_DIR: z.string().default(fileURLToPath(new URL('../models', import.meta.url))),
  MODEL: z
    .string()
    .regex(/^[^@]+(@[^@]+)?$/, 'MODEL must be a name, or name@version, of a folder in MODELS_DIR.')
    .optional(),
  PACS_URL: url('PACS_URL', ['http:', 'https:'], 'http://pacs.example:8042/dicom-web')
    .refine((value) => !URL.canParse(value) || readable(new URL(value)), {
      message:
        'PACS_URL has a user or password with a bare %. Write it as %25, or use PACS_USERNAME and PACS_PASSWORD.',
    })
    .optional(),
  PACS_USERNAME: z.string().optional(),
  PACS_PASSWORD: z.string().optional(),
  INFERENCE_DEVICE: oneOf('INFERENCE_DEVICE', ['auto', 'cpu', 'webgpu', 'cuda']).default('auto'),
  DECODE_THREADS: integer('DECODE_THREADS', 1, 64).default(2),
  LOG_LEVEL: oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  NODE_ENV: z.string().optional(),
});

function readable({ username, password }: URL): boolean {
  try {
    return decodeURIComponent(username + password) !== undefined;
  } catch {
    return false;
  }
}

/**
 * The only reader of the environment. Relative folders are taken from `directory`.
 * @throws ConfigInvalid with every problem and its cure.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env, directory = process.cwd()): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')); // `PORT=` means unset
  const { data, error } = environment.safeParse(given);
  if (error) {
    const problems = error.issues.map(({ message }) => `  - ${message}`).join('\n');
    throw new ConfigInvalid(`MRIMaster cannot start with this configuration:\n${problems}\nAll settings: .env.example`);
  }
  const folder = (path: string) => (isAbsolute(path) ? path : resolve(directory, path));
  return {
    host: data.HOST,
    port: data.PORT,
    publicUrl: data.PUBLIC_URL,
    dataDir: folder(data.DATA_DIR),
    databaseUrl: data.DATABASE_URL,
    modelsDir: folder(data.MODELS_DIR),
    model: data.MODEL,
    pacsUrl: data.PACS_URL,
    pacsUsername: data.PACS_USERNAME,
    pacsPassword: data.PACS_PASSWORD,
    inferenceDevice: data.INFERENCE_DEVICE,
    decodeThreads: data.DECODE_THREADS,
    logLevel: data.LOG_LEVEL,
    production: data.NODE_ENV === 'production',
  };
}
