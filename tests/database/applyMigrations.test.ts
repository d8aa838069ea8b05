import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import pg, { type Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyMigrations } from '../../src/database/applyMigrations.js';
import { EmbeddedPostgres } from '../../src/database/embeddedPostgres.js';
import { sayEvidence } from '../../src/wording/completeness.js';
import { sayEligibility } from '../../src/wording/eligibility.js';
import { sayIntake } from '../../src/wording/intake.js';
import { REPOSITORY, temporaryFolder } from '../setup/program.js';

const MIGRATIONS = join(REPOSITORY, 'prisma/migrations');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let postgres: EmbeddedPostgres;
let client: Client;
beforeAll(async () => {
  folder = await temporaryFolder();
  postgres = new EmbeddedPostgres(folder.path);
  client = await postgres.connect('test');
  await applyMigrations(client, MIGRATIONS);
});
afterAll(async () => {
  await client?.end();
  await postgres?.stop();
  await folder.remove();
});

/**
 * A database as it was before the migration whose name ends with `suffix`, and its client. `since`: the names of that
 * migration and all later ones.
 */
async function databaseBefore(suffix: string): Promise<{ before: Client; since: string[] }> {
  const old = join(folder.path, `before${suffix}`);
  await cp(MIGRATIONS, old, { recursive: true });
  const names = (await readdir(old)).filter((name) => /^\d/.test(name)).sort();
  const since = names.slice(names.findIndex((name) => name.endsWith(suffix)));
  for (const name of since) await rm(join(old, name), { recursive: true });
  const database = `before${suffix}`;
  await client.query(`CREATE DATABASE ${database}`);
  const before = new pg.Client({ ...postgres.connection, database });
  await before.connect();
  await applyMigrations(before, old);
  return { before, since };
}

/** Our migrations and one more. */
async function withMigration(name: string, sql: string): Promise<string> {
  const path = join(folder.path, name);
  await cp(MIGRATIONS, path, { recursive: true });
  await mkdir(join(path, `99990101000000_${name}`));
  await writeFile(join(path, `99990101000000_${name}`, 'migration.sql'), sql);
  return path;
}

describe('applyMigrations', () => {
  it('leaves a history that Prisma’s own engine finds complete', async () => {
    const diagnosis = await diagnose();
    expect(diagnosis).toMatchObject({ history: null, failedMigrationNames: [], editedMigrationNames: [] });
    expect(diagnosis.hasMigrationsTable).toBe(true);
  });

  it('does nothing when there is nothing to do', async () => {
    expect(await applyMigrations(client, MIGRATIONS)).toEqual([]);
  });

  it('indexes the search of studies, and does without where it may create no extension', async () => {
    const index = (of: Client) => of.query(`SELECT FROM pg_indexes WHERE indexname = 'Study_search_idx'`);
    expect((await index(client)).rowCount).toBe(1);
    await client.query('CREATE DATABASE modest');
    await client.query('CREATE ROLE modest LOGIN');
    const owner = new pg.Client({ ...postgres.connection, database: 'modest' });
    await owner.connect();
    await owner.query('GRANT CREATE ON SCHEMA public TO modest');
    await owner.end();
    const modest = new pg.Client({ ...postgres.connection, database: 'modest', user: 'modest' });
    await modest.connect();
    expect(await applyMigrations(modest, MIGRATIONS)).not.toEqual([]);
    expect((await index(modest)).rowCount).toBe(0);
    await modest.end();
  });

  it('keeps what was stored as the first answers to studies, with each label’s slices', async () => {
    const { before, since } = await databaseBefore('_first_answers');
    await before.query(`
      INSERT INTO "Study" ("id", "studyInstanceUid") VALUES ('study-1', '1.2'), ('study-2', '1.3');
      INSERT INTO "Series" ("id", "studyId", "seriesInstanceUid", "modality") VALUES ('series-1', 'study-1', '1.2.1', 'MR');
      INSERT INTO "Instance" ("id", "seriesId", "sopInstanceUid", "sopClassUid", "transferSyntaxUid", "path", "sha256", "bytes")
        VALUES ('instance-1', 'series-1', '1.2.1.1', '1', '1', 'none', 'none', 0);
      INSERT INTO "Slice" ("id", "instanceId", "seriesId", "sopInstanceUid", "frameNumber", "rows", "columns")
        SELECT 'slice-' || n, 'instance-1', 'series-1', '1.2.1.1', n, 1, 1 FROM generate_series(1, 4) AS n;
      INSERT INTO "Model" ("id", "name", "version", "sha256", "card") VALUES ('model-1', 'old', '1', 'none', '{}');
      INSERT INTO "Prediction" ("sliceId", "modelId", "status", "label", "confidence", "probabilities", "executionProvider", "inferenceMs")
        VALUES ('slice-1', 'model-1', 'CLASSIFIED', 'glioma', 0.9, '[]', 'cpu', 0), ('slice-2', 'model-1', 'CLASSIFIED', 'glioma', 0.8, '[]', 'cpu', 0),
          ('slice-3', 'model-1', 'ABSTAINED', 'no_tumor', 0.4, '[]', 'cpu', 0), ('slice-4', 'model-1', 'FAILED', NULL, NULL, '[]', 'cpu', 0);
      INSERT INTO "StudyFinding" ("studyId", "modelId", "label", "confidence", "abstained", "sliceCounts")
        VALUES ('study-1', 'model-1', 'glioma', 0.85, false, '[]'), ('study-2', 'model-1', 'no_tumor', 0.7, true, '[]');`);
    expect(await applyMigrations(before, MIGRATIONS)).toEqual(since);
    const { rows } = await before.query(`
      SELECT "studyId", "label", "abstained", "slices", "sliceLabels", "sliceConfidence", "sliceAbstained" FROM "FirstAnswer" ORDER BY "studyId"`);
    expect(rows).toEqual([
      {
        studyId: 'study-1',
        label: 'glioma',
        abstained: false,
        slices: 3,
        sliceLabels: { glioma: 2, no_tumor: 1 },
        sliceConfidence: expect.closeTo(0.7, 9),
        sliceAbstained: 1,
      },
      {
        studyId: 'study-2',
        label: 'no_tumor',
        abstained: true,
        slices: 0,
        sliceLabels: {},
        sliceConfidence: null,
        sliceAbstained: 0,
      },
    ]);
    const { rowCount } = await before.query('SELECT FROM "Installation"');
    expect(rowCount).toBe(1);
    await before.end();
  });

  it('keeps the sentences of before as codes, or as they were worded', async () => {
    const { before, since } = await databaseBefore('_reasons_as_codes');
    await before.query(`
      INSERT INTO "Study" ("id", "studyInstanceUid") VALUES ('study-0', '1.1');
      INSERT INTO "Study" ("id", "studyInstanceUid", "evidence", "intakeReason") VALUES
        ('study-1', '1.2', 'The archive has it; nothing was fetched yet.', 'Not classified: no rule is for it.'),
        ('study-2', '1.3', 'PACS counted 3 instances.', 'Classified by rule "x": modality "MR".');
      INSERT INTO "Series" ("id", "studyId", "seriesInstanceUid", "modality") VALUES ('series-0', 'study-1', '1.2.0', 'MR');
      INSERT INTO "Series" ("id", "studyId", "seriesInstanceUid", "modality", "eligibilityReason") VALUES
        ('series-1', 'study-1', '1.2.1', 'MR', 'localizer'), ('series-2', 'study-1', '1.2.2', 'MR', 'T1 axial');`);
    expect(await applyMigrations(before, MIGRATIONS)).toEqual(since);
    const { rows: studies } = await before.query('SELECT * FROM "Study" ORDER BY "id"');
    expect(
      studies.map(({ evidenceCode, evidenceParameters, intakeCode, intakeParameters }) => [
        sayEvidence({ code: evidenceCode, parameters: evidenceParameters }),
        intakeCode,
        sayIntake({ code: intakeCode, parameters: intakeParameters }),
      ]),
    ).toEqual([
      ['Imported; no archive was asked how many instances there are.', null, null],
      ['The archive has it; nothing was fetched yet.', 'NO_RULE', 'Not classified: no rule is for it.'],
      ['PACS counted 3 instances.', 'WORDED', 'Classified by rule "x": modality "MR".'],
    ]);
    const { rows: series } = await before.query('SELECT * FROM "Series" ORDER BY "id"');
    expect(
      series.map(({ examinedAt, eligibilityCode: code, eligibilityParameters: parameters }) => [
        examinedAt instanceof Date,
        code,
        sayEligibility({ code, parameters }),
      ]),
    ).toEqual([
      [false, null, 'not looked at yet'],
      [true, 'LOCALIZER', 'localizer'],
      [true, 'WORDED', 'T1 axial'],
    ]);
    const { rowCount } = await before.query(`UPDATE "Study" SET "intakeCode" = 'NO_RULE'`); // told by a trigger
    expect(rowCount).toBe(3);
    await before.end();
  });

  it('gives slices the shape of their pixels, whatever spacing their headers had', async () => {
    const { before, since } = await databaseBefore('_pixel_aspect');
    const spacings = [
      '{2,1}',
      '{1,2}',
      '{0.5,0.5}',
      '{1e300,1e-300}',
      '{1e-300,1e300}',
      '{0,1}',
      '{NaN,1}',
      '{Infinity,1}',
      '{50,1}',
      '{}',
      '{-1,-2}',
    ];
    await before.query(`
      INSERT INTO "Study" ("id", "studyInstanceUid") VALUES ('study-1', '1.2');
      INSERT INTO "Series" ("id", "studyId", "seriesInstanceUid", "modality") VALUES ('series-1', 'study-1', '1.2.1', 'MR');
      INSERT INTO "Instance" ("id", "seriesId", "sopInstanceUid", "sopClassUid", "transferSyntaxUid", "path", "sha256", "bytes")
        VALUES ('instance-1', 'series-1', '1.2.1.1', '1', '1', 'x', 'x', 1);`);
    for (const [index, spacing] of spacings.entries())
      await before.query(
        `INSERT INTO "Slice" ("id", "instanceId", "seriesId", "sopInstanceUid", "frameNumber", "rows", "columns", "pixelSpacing")
         VALUES ($1, 'instance-1', 'series-1', '1.2.1.1', $2, 1, 1, $3)`,
        [`slice-${index}`, index + 1, spacing],
      );
    expect(await applyMigrations(before, MIGRATIONS)).toEqual(since);
    const { rows } = await before.query('SELECT "pixelAspect" AS aspect FROM "Slice" ORDER BY "frameNumber"');
    expect(rows.map(({ aspect }) => aspect)).toEqual([2, 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    await before.end();
  });

  it('undoes a migration that fails half-way, and says which', async () => {
    const bad = await withMigration('bad', 'CREATE TABLE half (id int); SELECT 1/0;');
    await expect(applyMigrations(client, bad)).rejects.toThrow(/99990101000000_bad failed and was undone/);
    const { rows } = await client.query("SELECT to_regclass('half') AS half");
    expect(rows).toEqual([{ half: null }]);
    expect(await applyMigrations(client, MIGRATIONS)).toEqual([]);
  });

  it('refuses a migration that was edited after it had been applied', async () => {
    const edited = join(folder.path, 'edited');
    await cp(MIGRATIONS, edited, { recursive: true });
    const [first] = (await readdir(edited)).filter((name) => /^\d/.test(name)).sort();
    const file = join(edited, first as string, 'migration.sql');
    await writeFile(file, `${await readFile(file, 'utf8')}-- edited\n`);
    await expect(applyMigrations(client, edited)).rejects.toThrow('was edited after it had been applied');
  });

  it('refuses a database that a newer version has migrated', async () => {
    const newer = await withMigration('newer', 'SELECT 1');
    expect(await applyMigrations(client, newer)).toEqual(['99990101000000_newer']);
    await expect(applyMigrations(client, MIGRATIONS)).rejects.toThrow('a newer version used it');
    await client.query(`DELETE FROM "_prisma_migrations" WHERE migration_name = '99990101000000_newer'`);
  });
});

it('prisma/migrations says all that prisma/schema.prisma says', () => {
  const check = spawnSync(process.execPath, [join(REPOSITORY, 'scripts/newMigration.mjs'), '--check'], {
    encoding: 'utf8',
  });
  expect(check.stderr).toBe('');
  expect(check.status).toBe(0);
});

/** What `prisma migrate status` would find, by the engine's WebAssembly build. */
async function diagnose() {
  const require = createRequire(import.meta.url);
  const glue = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bindings = await import(pathToFileURL(glue).href);
  const wasm = new WebAssembly.Module(await readFile(join(dirname(glue), 'schema_engine_bg.wasm')));
  const imports = Object.fromEntries(WebAssembly.Module.imports(wasm).map((entry) => [entry.module, bindings]));
  const instance = new WebAssembly.Instance(wasm, imports);
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  const schemaPath = join(REPOSITORY, 'prisma/schema.prisma');
  const datamodels = [[schemaPath, await readFile(schemaPath, 'utf8')]];
  const factory = bindMigrationAwareSqlAdapterFactory(new PrismaPg(postgres.connection) as never);
  const engine = await bindings.SchemaEngine.new({ datamodels }, () => {}, factory);
  const names = (await readdir(MIGRATIONS)).filter((name) => /^\d/.test(name)).sort();
  return engine.diagnoseMigrationHistory({
    migrationsList: {
      baseDir: MIGRATIONS,
      lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
      shadowDbInitScript: '',
      migrationDirectories: await Promise.all(
        names.map(async (path) => ({
          path,
          migrationFile: {
            path: 'migration.sql',
            content: { tag: 'ok', value: await readFile(join(MIGRATIONS, path, 'migration.sql'), 'utf8') },
          },
        })),
      ),
    },
    filters: { externalTables: [], externalEnums: [] },
    optInToShadowDatabase: false,
  });
}
