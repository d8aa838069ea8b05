import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../setup/freePorts.js';
import { REPOSITORY } from '../setup/program.js';
import { SHIPPED_VERSION } from '../setup/shippedModel.js';
import { listenSilently } from './listeners.js';
import type { Misconfiguration } from './misconfiguration.js';

/** Misconfigurations of this machine: settings, model, database, disk, ports. */
export const MACHINE: Misconfiguration[] = [
  {
    name: 'several settings with broken values',
    arrange: () => ({ env: { PORT: 'http', DECODE_THREADS: 'many', PACS_URL: 'pacs' } }),
    code: 'CONFIG_INVALID',
    cure: 'DECODE_THREADS',
  },
  {
    name: 'a secret of PACS_FILE that is not in the environment',
    arrange: ({ folder }) => {
      const file = join(folder, 'pacs.json');
      writeFileSync(file, JSON.stringify({ main: { url: 'http://127.0.0.1:1', password: '$MAIN_SECRET' } }));
      return { env: { PACS_FILE: file } };
    },
    code: 'CONFIG_INVALID',
    cure: 'MAIN_SECRET',
  },
  {
    name: 'a damaged model',
    arrange: ({ folder }) => {
      const models = join(folder, 'damaged');
      cpSync(join(REPOSITORY, 'models'), models, { recursive: true });
      writeFileSync(join(models, 'brain-mri', SHIPPED_VERSION, 'model.onnx'), 'cut off');
      return { env: { MODELS_DIR: models } };
    },
    code: 'MODEL_INVALID',
    cure: 'MODELS_DIR',
  },
  {
    name: 'a model that is not there',
    arrange: () => ({ env: { MODEL: 'chest-ct' } }),
    code: 'MODEL_NOT_FOUND',
    cure: 'MODEL',
  },
  {
    name: 'a folder of models that is not there',
    arrange: ({ folder }) => ({ env: { MODELS_DIR: join(folder, 'nowhere') } }),
    code: 'MODEL_INVALID',
    cure: 'MODELS_DIR',
  },
  {
    name: 'a device whose libraries npm does not bring',
    arrange: () => ({ env: { INFERENCE_DEVICE: 'cuda' } }),
    code: 'DEVICE_UNAVAILABLE',
    cure: 'INFERENCE_DEVICE',
  },
  {
    name: 'a wrong database password',
    arrange: ({ databaseUrl, secret }) => ({ env: { DATABASE_URL: databaseUrl('fresh', 'guest', `${secret}x`) } }),
    code: 'DATABASE_PASSWORD',
    cure: 'DATABASE_URL',
  },
  {
    name: 'no database password',
    arrange: ({ databaseUrl }) => ({ env: { DATABASE_URL: databaseUrl('fresh', 'guest') } }),
    code: 'DATABASE_PASSWORD',
    cure: 'DATABASE_URL',
  },
  {
    name: 'a database that does not exist',
    arrange: ({ databaseUrl }) => ({ env: { DATABASE_URL: databaseUrl('nowhere') } }),
    code: 'DATABASE_MISSING',
    cure: 'CREATE DATABASE',
  },
  {
    name: 'a database user who may not create tables',
    arrange: ({ databaseUrl, secret }) => ({ env: { DATABASE_URL: databaseUrl('fresh', 'guest', secret) } }),
    code: 'DATABASE_RIGHTS',
    cure: 'GRANT CREATE',
  },
  {
    name: 'the database of another program',
    arrange: ({ databaseUrl }) => ({ env: { DATABASE_URL: databaseUrl('strange') } }),
    code: 'DATABASE_FOREIGN',
    cure: 'database of its own',
  },
  {
    name: 'the database of a newer version',
    arrange: ({ databaseUrl }) => ({ env: { DATABASE_URL: databaseUrl('newer') } }),
    code: 'DATABASE_NEWER',
    cure: 'that version',
  },
  {
    name: 'a PostgreSQL that is too old',
    arrange: ({ databaseUrl }) => ({ env: { DATABASE_URL: databaseUrl('old') } }),
    code: 'DATABASE_TOO_OLD',
    cure: 'Upgrade PostgreSQL',
  },
  {
    name: 'a database password with a bare %',
    arrange: ({ secret }) => ({ env: { DATABASE_URL: `postgresql://me:100%${secret}@127.0.0.1/mri` } }),
    code: 'DATABASE_URL_INVALID',
    cure: '%25',
  },
  {
    name: 'a database port where nothing listens',
    arrange: ({ secret }) => ({ env: { DATABASE_URL: `postgresql://me:${secret}@127.0.0.1:1/mri` } }),
    code: 'DATABASE_REFUSED',
    cure: 'port in DATABASE_URL',
  },
  {
    name: 'a database host that DNS does not know',
    arrange: ({ secret }) => ({ env: { DATABASE_URL: `postgresql://me:${secret}@db.invalid/mri` } }),
    code: 'DATABASE_DNS',
    cure: 'host in DATABASE_URL',
  },
  {
    name: 'a database port that says nothing',
    arrange: async ({ secret }) => {
      const silent = await listenSilently();
      return { env: { DATABASE_URL: `postgresql://me:${secret}@127.0.0.1:${silent.port}/mri` }, close: silent.close };
    },
    code: 'DATABASE_SILENT',
    cure: 'firewall',
  },
  {
    name: 'an embedded database that another PostgreSQL made',
    arrange: ({ folder }) => {
      mkdirSync(join(folder, 'other/postgres'), { recursive: true });
      writeFileSync(join(folder, 'other/postgres/PG_VERSION'), '15\n');
      return { env: { DATA_DIR: join(folder, 'other') } };
    },
    code: 'DATABASE_NOT_USABLE',
    cure: 'DATA_DIR',
  },
  {
    name: 'a DATA_DIR below a file',
    arrange: ({ folder, databaseUrl }) => {
      writeFileSync(join(folder, 'file'), '');
      return { env: { DATA_DIR: join(folder, 'file/data'), DATABASE_URL: databaseUrl('empty') } };
    },
    code: 'DATA_DIR_NOT_A_FOLDER',
    cure: 'DATA_DIR',
  },
  {
    name: 'a DATA_DIR that nobody may write to',
    arrange: ({ databaseUrl }) => ({ env: { DATA_DIR: '/proc/data', DATABASE_URL: databaseUrl('empty') } }),
    code: 'DATA_DIR_NOT_WRITABLE',
    cure: 'DATA_DIR',
  },
  {
    name: 'a disk that is nearly full',
    arrange: () => ({ env: {}, options: { free: async () => 400 * 1024 ** 2 } }),
    code: 'DISK_FULL',
    cure: 'Free space',
  },
  {
    name: 'an HTTP port that another program holds',
    arrange: async () => {
      const silent = await listenSilently();
      return { env: { PORT: String(silent.port) }, close: silent.close };
    },
    code: 'HTTP_PORT_TAKEN',
    cure: 'PORT',
  },
  {
    name: 'a DICOM port that another program holds',
    arrange: async () => {
      const silent = await listenSilently();
      return { env: { DICOM_PORT: String(silent.port) }, close: silent.close };
    },
    code: 'DICOM_PORT_TAKEN',
    cure: 'DICOM_PORT',
  },
  {
    name: 'a DICOM host that is another machine’s',
    arrange: async () => ({
      env: { DICOM_HOST: '192.0.2.1', DICOM_PORT: String(await freePort()), DICOM_ALLOWED_PEERS: 'PACS' },
    }),
    code: 'DICOM_HOST_NOT_OURS',
    cure: 'DICOM_HOST',
  },
  {
    name: 'every address, and nobody allowed to send to it',
    arrange: () => ({ env: { DICOM_HOST: '0.0.0.0' } }),
    code: 'DICOM_NOBODY_ALLOWED',
    cure: 'DICOM_ALLOWED_PEERS',
  },
  {
    name: 'loopback alone, and an archive elsewhere that is to send to it',
    arrange: () => ({ env: { PACS_URL: 'dicom://PACS@pacs.invalid:104' } }),
    code: 'DICOM_HOST_LOOPBACK',
    cure: 'DICOM_HOST',
    also: ['PACS_DNS'],
  },
  {
    name: 'no DICOM port, and an archive that is to send to it',
    arrange: () => ({ env: { DICOM_PORT: 'off', PACS_URL: 'dicom://PACS@pacs.invalid:104' } }),
    code: 'DICOM_PORT_OFF',
    cure: 'DICOM_PORT',
    also: ['PACS_DNS'],
  },
  {
    name: 'a DICOM certificate with the key of another one',
    arrange: ({ authority }) => {
      const [one, other] = ['one', 'other'].map((name) => authority.issue(name, 'DNS:localhost'));
      return { env: { DICOM_TLS_CERTIFICATE: one?.certificate, DICOM_TLS_KEY: other?.key } };
    },
    code: 'DICOM_TLS_PAIR',
    cure: 'DICOM_TLS_KEY',
  },
  {
    name: 'a DICOM certificate that has expired',
    arrange: ({ authority }) => {
      const { certificate, key } = authority.issue('past', 'DNS:localhost', -1);
      return { env: { DICOM_TLS_CERTIFICATE: certificate, DICOM_TLS_KEY: key } };
    },
    code: 'DICOM_TLS_EXPIRED',
    cure: 'DICOM_TLS_CERTIFICATE',
  },
  {
    name: 'an OpenID provider that does not run',
    arrange: () => ({ env: { OIDC_ISSUER: 'http://127.0.0.1:9/realm', OIDC_AUDIENCE: 'mrimaster' } }),
    code: 'OIDC_KEYS',
    cure: 'OIDC_ISSUER',
  },
  {
    name: 'a web certificate with the key of another',
    arrange: ({ authority }) => {
      const [one, other] = ['web', 'other-web'].map((name) => authority.issue(name, 'DNS:localhost'));
      return { env: { TLS_CERTIFICATE: one?.certificate ?? '', TLS_KEY: other?.key ?? '' } };
    },
    code: 'HTTP_TLS_PAIR',
    cure: 'TLS_KEY',
  },
  {
    name: 'answers that are to be written back, and no archive',
    arrange: () => ({ env: { WRITE_BACK: 'true' } }),
    code: 'WRITE_BACK_NOWHERE',
    cure: 'PACS_URL',
  },
  {
    name: 'a PACS_URL that is our own web server',
    arrange: async () => {
      const port = await freePort();
      return { env: { PORT: String(port), PACS_URL: `http://localhost:${port}/dicom-web` } };
    },
    code: 'PACS_IS_US',
    cure: 'PACS_URL',
  },
  {
    name: 'a PACS_URL that is our own DICOM port',
    arrange: async () => {
      const port = await freePort();
      return { env: { DICOM_PORT: String(port), PACS_URL: `dicom://MRIMASTER@127.0.0.1:${port}` } };
    },
    code: 'PACS_IS_US',
    cure: 'PACS_URL',
  },
];
