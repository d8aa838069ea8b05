import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { type Database, openDatabase } from '../../src/database/database.js';
import type { CheckResult } from '../../src/doctor/checkResult.js';
import { type DoctorOptions, doctor } from '../../src/doctor/doctor.js';
import { createLog } from '../../src/output/log.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { hasDcmtk } from '../pacs/dimse/dcmtk.js';
import { hasOrthanc, startOrthanc } from '../pacs/orthanc.js';
import { createAuthority } from '../setup/authority.js';
import { freePort } from '../setup/freePorts.js';
import { patience } from '../setup/patience.js';
import { REPOSITORY, runCli, startProgram, temporaryFolder } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';
import { DIMSE_ARCHIVE } from './dimseArchive.js';
import { listenTlsFor } from './listeners.js';
import { MACHINE } from './machine.js';
import type { Stage } from './misconfiguration.js';
import { startQueryable } from './queryable.js';
import { WEB_ARCHIVE } from './webArchive.js';

const SECRET = 'seeded-Pa55word';
const canStage =
  requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.') &&
  hasDcmtk &&
  requirePart('OpenSSL', spawnSync('openssl', ['version']).status === 0, 'Install openssl.');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let database: Database;
beforeAll(async () => {
  folder = await temporaryFolder();
  database = await openDatabase(readConfig({ DATA_DIR: join(folder.path, 'data') }), 'tool', createLog('silent'));
});
afterAll(async () => {
  await database?.close();
  await folder?.remove();
});

/** A machine where all is well, but for what `env` says. */
async function examine(env: NodeJS.ProcessEnv, options: Partial<DoctorOptions> = {}): Promise<CheckResult[]> {
  const well = { DATA_DIR: join(folder.path, 'data'), PORT: '0', DICOM_PORT: '0', INFERENCE_DEVICE: 'cpu' };
  const findings: CheckResult[] = [];
  for await (const one of doctor({ env: { ...well, ...env }, directory: folder.path, ...options })) findings.push(one);
  return findings;
}
const failures = (findings: CheckResult[]) => findings.filter(({ status }) => status === 'failed');

describe.skipIf(!canStage)('mrimaster doctor', () => {
  let stage: Stage;
  const stops: (() => Promise<unknown>)[] = [];
  let destinationPort: number;
  beforeAll(async () => {
    await writeSampleStudy(join(folder.path, 'sample'));
    const paths = readdirSync(join(folder.path, 'sample')).map((name) => join(folder.path, 'sample', name));
    const few = paths.slice(0, 3);
    destinationPort = await freePort();
    const wrongPort = await freePort();
    const orthanc = await startOrthanc({
      sendsTo: wrongPort,
      configuration: {
        DicomCheckCalledAet: true,
      },
    });
    stops.push(orthanc.stop);
    await orthanc.upload(few);
    const guarded = await startOrthanc({ username: 'me', password: SECRET });
    stops.push(guarded.stop);
    const start = async (name: string, port?: number, options?: string[]) => {
      await mkdir(join(folder.path, name));
      const archive = await startQueryable(join(folder.path, name), few, port, options);
      stops.push(archive.stop);
      return archive;
    };
    const queryable = {
      paths: few,
      noDestination: await start('noDestination'),
      wrongPort: await start('wrongPort', wrongPort),
      rightPort: await start('rightPort', destinationPort),
      noGet: await start('noGet', wrongPort, ['--disable-get']),
    };
    const authority = createAuthority(folder.path);
    const databaseUrl = await prepareDatabases();
    stage = { folder: folder.path, secret: SECRET, orthanc, guarded, queryable, authority, databaseUrl };
  });
  afterAll(async () => {
    await Promise.all(stops.map((stop) => stop()));
  });

  /** One for each state, and a user "guest" with a password and hardly a right. */
  async function prepareDatabases(): Promise<Stage['databaseUrl']> {
    const cluster = join(folder.path, 'data/postgres');
    const url: Stage['databaseUrl'] = (name, user = 'mrimaster', password = '') =>
      `postgresql://${user}${password && `:${password}`}@localhost/${name}?host=${encodeURIComponent(cluster)}`;
    const run = (sql: string) => database.prisma.$executeRawUnsafe(sql);
    for (const name of ['empty', 'fresh', 'strange', 'newer', 'old']) await run(`CREATE DATABASE ${name}`);
    await run(`CREATE ROLE guest LOGIN PASSWORD '${SECRET}'`);
    const access = join(cluster, 'pg_hba.conf');
    const rules = await readFile(access, 'utf8');
    await writeFile(access, 'local all guest scram-sha-256\n');
    await appendFile(access, rules);
    await run('SELECT pg_reload_conf()');
    const within = async (name: string, ...statements: string[]) => {
      const opened = await openDatabase(readConfig({ DATABASE_URL: url(name) }), 'tool', createLog('silent'));
      for (const statement of statements) await opened.prisma.$executeRawUnsafe(statement);
      await opened.close();
    };
    await within(
      'newer',
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name) VALUES ('1', '', '99990101000000_newer')`,
    );
    await within('strange', `UPDATE "_prisma_migrations" SET migration_name = 'other_' || migration_name`);
    await within(
      'old',
      'CREATE SCHEMA past',
      `CREATE FUNCTION past.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT '120022' $$`,
      'ALTER DATABASE old SET search_path = past, pg_catalog, public',
    );
    return url;
  }

  const rows = [...MACHINE, ...WEB_ARCHIVE, ...DIMSE_ARCHIVE];
  let named = 0;
  it.each(rows)('names $name: $code', async ({ arrange, code, cure, also = [] }) => {
    const { env, options, close } = await arrange(stage);
    const start = Date.now();
    const findings = await examine(env, options).finally(() => close?.());
    const said = JSON.stringify(findings);
    expect(said).not.toContain(SECRET);
    expect(said).not.toMatch(/SYNTHETIC/); // the patient's name
    expect(Date.now() - start).toBeLessThan(patience(20_000));
    const told = failures(findings).filter((one) => one.code === code);
    expect(told.map((one) => one.cure).join('\n'), said).toContain(cure);
    // Nothing that is in order is blamed.
    expect([...new Set(failures(findings).map((one) => one.code))].sort(), said).toEqual([code, ...also].sort());
    named++;
  });

  it('names every one of them', () => {
    expect(rows.length).toBeGreaterThan(60);
    expect(named).toBe(rows.length);
  });

  it('finds nothing wrong where nothing is, by both protocols, and before the first start', async () => {
    const orthanc = await startOrthanc({
      sendsTo: destinationPort,
      configuration: {
        DicomAlwaysAllowGet: true,
      },
    });
    stops.push(orthanc.stop);
    await orthanc.upload(readdirSync(join(folder.path, 'sample')).map((name) => join(folder.path, 'sample', name)));
    const dimse = `dicom://${orthanc.aeTitle}@127.0.0.1:${orthanc.dicomPort}`;
    const file = join(folder.path, 'well.json');
    const certificates = stage.authority.issue('both', 'IP:127.0.0.1');
    const { cert, privateKey: key, certificate } = certificates;
    const mutual = { cert, key, ca: stage.authority.pem, requestCert: true, rejectUnauthorized: true };
    const [web, dicom] = await Promise.all(
      [Number(new URL(orthanc.url).port), orthanc.dicomPort].map((port) => listenTlsFor(port, mutual)),
    );
    stops.push(() => Promise.all([web?.close(), dicom?.close()]));
    const ours = { ca: stage.authority.file, certificate, key: certificates.key };
    const archives = {
      web: { url: orthanc.dicomWebUrl },
      guarded: { url: stage.guarded.dicomWebUrl, username: 'me', password: '$DOCTOR_TEST_SECRET' },
      webTls: { url: `https://127.0.0.1:${web?.port}/dicom-web`, ...ours },
      move: { url: dimse },
      get: { url: dimse, retrieve: 'get' },
      getTls: { url: `dicoms://${orthanc.aeTitle}@127.0.0.1:${dicom?.port}`, retrieve: 'get', ...ours },
    };
    await writeFile(file, JSON.stringify(archives));
    const env = {
      PACS_FILE: file,
      DOCTOR_TEST_SECRET: SECRET,
      DICOM_PORT: String(destinationPort),
      DICOM_ALLOWED_PEERS: orthanc.aeTitle,
      PORT: String(await freePort()),
      DATA_DIR: join(folder.path, 'first'),
    };
    const before = await examine(env, { move: true });
    expect(failures(before)).toEqual([]);
    expect(before.find(({ check }) => check === 'C-MOVE')?.message).toContain('the archive reaches us');
    expect(readdirSync(folder.path)).not.toContain('first');

    const others = createAuthority(folder.path, 'others').file; // which has certified the archive, and not us
    const tls = { DICOM_TLS_CERTIFICATE: certificate, DICOM_TLS_KEY: certificates.key, DICOM_TLS_CA: others };
    const secured = await startProgram({ ...env, ...tls, PACS_FILE: '' });
    expect(failures(await examine({ ...env, ...tls, PACS_FILE: '' }).finally(secured.close))).toEqual([]);

    const program = await startProgram(env);
    const { beside, elsewhere } = await (async () => ({
      beside: await examine(env, { move: true }),
      elsewhere: await examine({ ...env, PACS_FILE: '', DATA_DIR: join(folder.path, 'second') }),
    }))().finally(program.close);
    expect(failures(beside)).toEqual([]);
    // The server that runs is of another folder: this configuration could not start beside it.
    const taken = elsewhere.filter(({ status }) => status === 'failed').map(({ code }) => code);
    expect(taken).toEqual(['HTTP_PORT_TAKEN', 'DICOM_PORT_TAKEN']);
    const message = (check: string) => beside.find((one) => one.check === check)?.message;
    expect(message('HTTP port')).toContain('running MRIMaster');
    expect(message('DICOM port')).toMatch(/MRIMASTER answers C-ECHO/);
    expect(message('database')).toContain(`process ${process.pid}`);
    expect(message('C-MOVE')).toContain('to the server that holds the port');
  });

  it('warns of certificates that expire soon, of a token that has, and of a disk that fills', async () => {
    const { certificate, key } = stage.authority.issue('soon', 'DNS:localhost', 10);
    const tokens = join(folder.path, 'tokens.json');
    const past = { name: 'past', sha256: '0'.repeat(64), grants: ['reader'], expires: '2026-01-01' };
    await writeFile(tokens, JSON.stringify([past]));
    const web = { TLS_CERTIFICATE: certificate, TLS_KEY: key, TOKENS_FILE: tokens };
    const env = { DICOM_TLS_CERTIFICATE: certificate, DICOM_TLS_KEY: key, ...web };
    const findings = await examine(env, { free: async () => 4e9 });
    expect(failures(findings)).toEqual([]);
    expect(findings.flatMap(({ status, code }) => (status === 'ok' && code ? [code] : []))).toEqual([
      'DISK_LOW',
      'HTTP_TLS_EXPIRING',
      'TOKENS_EXPIRED',
      'DICOM_TLS_EXPIRING',
    ]);
  });
});

describe('mrimaster doctor', () => {
  it('lists all that is wrong with the settings, and examines the rest', async () => {
    const findings = await examine({ PORT: 'http', DECODE_THREADS: 'many', DICOM_PORT: '99999' });
    expect(failures(findings).map(({ check }) => check)).toEqual(Array(3).fill('configuration'));
    const status = (check: string) => findings.find((one) => one.check === check)?.status;
    expect(['model', 'database', 'disk'].map(status)).toEqual(['ok', 'ok', 'ok']);
    expect(['HTTP port', 'DICOM port', 'archives'].map(status)).toEqual(['skipped', 'skipped', 'skipped']);
  });

  it('does not migrate', async () => {
    await database.prisma.$executeRawUnsafe('CREATE DATABASE untouched');
    const host = encodeURIComponent(join(folder.path, 'data/postgres'));
    const url = `postgresql://mrimaster@localhost/untouched?host=${host}`;
    const found = (await examine({ DATABASE_URL: url })).find(({ check }) => check === 'database');
    expect(found?.message).toMatch(/the next start applies \d+ migrations/);
    expect((await examine({ DATABASE_URL: url })).find(({ check }) => check === 'database')).toEqual(found);
  });

  it('prints a line a check, or one JSON array, and exits by whether something failed', async () => {
    const well = { DATA_DIR: join(folder.path, 'data'), PORT: '0' };
    const text = await runCli(['doctor'], well);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/^✓ configuration: .*\n✓ model: brain-mri/);
    expect(text.stdout).toContain('0 failed');
    const wrong = { ...well, PACS_URL: 'http://127.0.0.1:1/dicom-web', PACS_USERNAME: 'me', PACS_PASSWORD: SECRET };
    const json = await runCli(['doctor', '--json'], wrong);
    expect(json.code).toBe(1);
    expect(json.stdout).not.toContain(SECRET);
    expect(JSON.parse(json.stdout)).toContainEqual({
      check: 'TCP',
      archive: 'default',
      status: 'failed',
      code: 'PACS_TCP_REFUSED',
      message: expect.any(String),
      cure: expect.stringContaining('PACS_URL'),
    });
    expect((await runCli(['doctor'], wrong)).stdout).toMatch(/✗ archive default, TCP: .*\[PACS_TCP_REFUSED\]\n {2}→ /);
  });

  it('knows no code that docs/doctor.md does not explain', async () => {
    const docs = await readFile(join(REPOSITORY, 'docs/doctor.md'), 'utf8');
    const sources = readdirSync(join(REPOSITORY, 'src/doctor'))
      .map((name) => readFileSync(join(REPOSITORY, 'src/doctor', name), 'utf8'))
      .join('\n');
    const literal = [...sources.matchAll(/(?:failed|warning|notDicomweb)\([^'(`]*'([A-Z_]+)'/g)].map(
      ([, code]) => code,
    );
    expect(literal.length).toBeGreaterThan(40);
    const tested = [...MACHINE, ...WEB_ARCHIVE, ...DIMSE_ARCHIVE].map(({ code }) => code);
    for (const code of new Set([...literal, ...tested])) expect(docs).toContain(`\`${code}\``);
  });
});
