import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { withoutUids } from '../../src/output/log.js';
import { storeInstances } from '../../src/pacs/dimse/storeInstances.js';
import { parseInstance } from '../../src/pacs/header/parse.js';
import { buildFile, type Elements, mrElements } from '../pacs/buildDicom.js';
import { hasDcmtk } from '../pacs/dimse/dcmtk.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../pacs/orthanc.js';
import {
  type Answer,
  type Program,
  runCli,
  sampleFiles,
  startProgram,
  temporaryFolder,
  until,
} from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';
import { type Said, startArchive, stow } from '../setup/webArchive.js';

const STUDY = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { status revision withheld conflictingInstances
  patient { name patientId issuer } accessionNumber completeness { state evidence receivedInstances expectedInstances }
  conflicts { kind objects sender resolvedAt resolution differences { attribute first other } }
  finding { label } jobs { kind status error } reports { kind revision storedAt status withheld error } } }`;
const RESOLVE = `mutation ($uid: DicomUid!, $keep: ConflictSide!) {
  resolveConflicts(input: { studyInstanceUid: $uid, keep: $keep }) { study { withheld } job { id } } }`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const send = (program: Program, files: string[], callingAeTitle = 'SCANNER') =>
  storeInstances(
    { host: '127.0.0.1', port: program.dicomPort as number, calledAeTitle: 'MRIMASTER', callingAeTitle },
    files,
  );
const ask = async (program: Program, uid: string): Promise<Answer> => (await program.ask(STUDY, { uid })).data.study;

/** An object on disk. */
function write(name: string, elements: Elements): string {
  const path = join(folder.path, name);
  writeFileSync(path, buildFile(mrElements(elements)));
  return path;
}

const patient = (id: string, name: string, birthDate = '19700101', issuer?: string): Elements => ({
  '00100010': ['PN', name],
  '00100020': ['LO', id],
  ...(issuer && { '00100021': ['LO', issuer] }),
  '00100030': ['DA', birthDate],
});

describe('objects of two patients under one StudyInstanceUID', () => {
  let program: Program;
  let count = 0;
  beforeAll(async () => {
    program = await startProgram({ DATA_DIR: join(folder.path, 'two'), STUDY_QUIET_SECONDS: '60' });
  });
  afterAll(() => program.close());

  const object = (study: string, index: number, elements: Elements): string =>
    write(`two-${count++}.dcm`, {
      '0020000D': ['UI', study],
      '0020000E': ['UI', `${study}.1`],
      '00080018': ['UI', `${study}.1.${index}`],
      ...elements,
    });

  it.each<[string, Elements, Elements, boolean]>([
    ['another PatientID', patient('A-1', 'A^A'), patient('B-2', 'A^A'), true],
    [
      'another issuer of the same PatientID',
      patient('1', 'A^A', '19700101', 'X'),
      patient('1', 'A^A', '19700101', 'Y'),
      true,
    ],
    ['a PatientID that differs by a line feed', patient('A1', 'A^A'), patient('A\n1', 'A^A'), true],
    ['a PatientID with a second value', patient('A1', 'A^A'), patient('A1\\B2', 'A^A'), true],
    ['the same PatientID for another name and birth date', patient('1', 'A^A'), patient('1', 'B^B', '19800202'), true],
    ['no PatientID and another name', patient('1', 'A^A'), patient('', 'B^B'), true],
    ['a name alone where the first has an ID alone', patient('1', '', ''), patient('', 'B^B', '19800202'), true],
    ['the same patient whose name is written otherwise', patient('1', 'Doe^Jane'), patient('1', 'DOE^JANE^^'), false],
    ['no issuer where the first has one', patient('1', 'A^A', '19700101', 'X'), patient('1', 'A^A'), false],
    ['no patient at all', patient('1', 'A^A'), patient('', '', ''), false],
  ])('are in conflict by %s, and nobody else’s: the first identity stays', async (_name, first, second, conflict) => {
    const uid = `1.2.20.${++count}`;
    await send(program, [object(uid, 1, first)]);
    await send(program, [object(uid, 2, second)], 'OTHER');
    const study = await ask(program, uid);
    expect(study.patient.patientId).toBe((first['00100020']?.[1] as string) || null);
    expect(study.completeness.receivedInstances).toBe(conflict ? 1 : 2);
    expect(study.withheld).toBe(conflict ? 'OTHER_PATIENT' : null);
    expect(study.conflictingInstances).toBe(conflict ? 1 : 0);
    if (!conflict) return expect(study.conflicts).toEqual([]);
    expect(study.conflicts).toMatchObject([
      { kind: 'OTHER_PATIENT', objects: 1, sender: expect.stringContaining('OTHER') },
    ]);
    expect(study.conflicts[0].differences.length).toBeGreaterThan(0);
  });

  it('are told by FHIR to nobody, until somebody resolves it', async () => {
    const uid = '1.2.20.900';
    await send(program, [object(uid, 1, patient('A-1', 'A^A'))]);
    await send(program, [object(uid, 2, patient('B-2', 'B^B'))]);
    const response = await fetch(`${program.server.url}/fhir/studies/${uid}`);
    expect(response.status).toBe(409);
    expect(await response.text()).not.toContain('A-1');
  });

  it('are resolved by whom the last objects name: those of the other patient leave the study', async () => {
    const uid = '1.2.20.901';
    await send(program, [object(uid, 1, patient('WRONG', 'W^W')), object(uid, 2, patient('WRONG', 'W^W'))]);
    await send(program, [object(uid, 3, patient('RIGHT', 'R^R', '19800202'))]);
    expect((await program.ask(RESOLVE, { uid, keep: 'ARCHIVE' })).errors?.[0].extensions.code).toBe('STUDY_NOT_FOUND');
    const { data, errors } = await program.ask(RESOLVE, { uid, keep: 'LAST_RECEIVED' });
    expect(errors).toBeUndefined();
    expect(data.resolveConflicts.study.withheld).toBeNull();
    const resolved = await ask(program, uid);
    expect(resolved).toMatchObject({ conflictingInstances: 0, patient: { patientId: 'RIGHT', name: 'R^R' } });
    expect(resolved.completeness.receivedInstances).toBe(1);
    // What belongs to the patient who is left stands aside for good, also when it comes again.
    await send(program, [object(uid, 1, patient('WRONG', 'W^W'))]);
    expect(await ask(program, uid)).toMatchObject({ completeness: { receivedInstances: 1 }, withheld: null });
    // Another one of that patient is a conflict again.
    await send(program, [object(uid, 4, patient('WRONG', 'W^W'))]);
    expect(await ask(program, uid)).toMatchObject({ withheld: 'OTHER_PATIENT' });
    const again = await program.ask(RESOLVE, { uid: '1.2.20.1', keep: 'FIRST_RECEIVED' });
    expect(again.errors).toBeUndefined();
    const none = await until(
      () => program.ask(RESOLVE, { uid: '1.2.20.1', keep: 'FIRST_RECEIVED' }),
      ({ errors }) => errors?.[0].extensions.code !== 'STUDY_BUSY',
    );
    expect(none.errors?.[0].extensions.code).toBe('NO_CONFLICT');
  });

  it('are told of by doctor and the log, by the study’s UID and no patient’s', async () => {
    const uid = '1.2.20.1.2.3.4.904';
    const log = vi.spyOn(program.context.log, 'warn');
    await send(program, [object(uid, 1, patient('A-1', 'ANNA^A'))]);
    await send(program, [object(uid, 2, patient('B-2', 'BERTA^B', '19800202'))]);
    const told = JSON.stringify(log.mock.calls);
    log.mockRestore();
    expect(told).toContain(uid);
    expect(withoutUids(`{"studyInstanceUid":"${uid}"}`)).toContain(uid); // the log's own filter leaves it
    expect(told).not.toMatch(/ANNA|BERTA|A-1|B-2/);
    const { stdout } = await runCli(['doctor', '--json'], { DATA_DIR: program.dataDir });
    const found = (JSON.parse(stdout) as Answer[]).find(({ check }) => check === 'database');
    expect(found).toMatchObject({ status: 'ok', code: 'STUDIES_WITHHELD' });
    expect(found.cure).toContain('resolveConflicts');
  });

  it('stay two where both come first at the same moment', async () => {
    const uid = '1.2.20.902';
    const files = Array.from({ length: 8 }, (_, index) =>
      object(uid, index, index % 2 ? patient('A', 'A^A') : patient('B', 'B^B', '19800202')),
    );
    await Promise.all(files.map((file) => send(program, [file])));
    expect(await ask(program, uid)).toMatchObject({
      withheld: 'OTHER_PATIENT',
      conflictingInstances: 4,
      completeness: { receivedInstances: 4 },
    });
  });
});

describe('the archive’s word on a study', () => {
  let files: Buffer[];
  let uid: string;
  let count = 0;
  beforeAll(async () => {
    const { studyInstanceUid, paths } = await sampleFiles(folder.path);
    uid = studyInstanceUid;
    files = paths.map((path) => readFileSync(path));
  });

  /** An object of the sample study as it names another patient; `pixel`: with another pixel, too. */
  const renamed = (file: Buffer, id: string, pixel = false): Buffer => {
    const bytes = Buffer.from(file);
    const at = bytes.indexOf(Buffer.from('100020004c4f0a00', 'hex')) + 8; // PatientID, LO, 10 bytes
    bytes.write(id.padEnd(10), at);
    if (pixel) bytes.writeUInt8((bytes.readUInt8(bytes.length - 100) + 1) % 256, bytes.length - 100);
    return bytes;
  };

  /** Sends the study, then these, and waits for what becomes of its answer. */
  async function answered(patients: Said[], again: Buffer[] = [], sent = files) {
    const archive = await startArchive(files, { patients });
    const env = { DATA_DIR: join(folder.path, `word${count++}`), PACS_URL: archive.url, WRITE_BACK: 'true' };
    const program = await startProgram({ ...env, STUDY_QUIET_SECONDS: '2', STUDY_DEADLINE_SECONDS: '5' });
    try {
      await stow(program, sent);
      if (again.length > 0) await stow(program, again);
      const study = await until(
        () => ask(program, uid),
        (one) => one?.reports.length === 2 && one.reports.every((report: Answer) => report.storedAt || report.withheld),
      );
      const fhir = await fetch(`${program.server.url}/fhir/studies/${uid}`);
      const results = archive.objects.slice(files.length).map((bytes) => parseInstance(bytes).patient);
      return { study, results, fhir: fhir.status };
    } finally {
      await program.close();
      archive.close();
    }
  }

  it.each<[string, Said[], string]>([
    ['has it under two patients', [{ ids: ['SYNTHETIC'] }, { ids: ['OTHER'] }], 'ARCHIVE_DISAGREES'],
    [
      'has it under two patients, the other way round',
      [{ ids: ['OTHER'] }, { ids: ['SYNTHETIC'] }],
      'ARCHIVE_DISAGREES',
    ],
    ['has it under another', [{ ids: ['OTHER'], name: 'OTHER^ONE' }], 'ARCHIVE_DISAGREES'],
    ['names nobody', [{}], 'ARCHIVE_CANNOT_BE_ASKED'],
    ['gives an ID that is none', [{ ids: [{ a: 1 }] }], 'ARCHIVE_CANNOT_BE_ASKED'],
    ['gives two IDs in one', [{ ids: ['SYNTHETIC', 'OTHER'], name: 'SYNTHETIC^PHANTOM' }], 'ARCHIVE_CANNOT_BE_ASKED'],
    [
      'gives an ID with a line feed',
      [{ ids: ['SYNTHETIC\nOTHER'], name: 'SYNTHETIC^PHANTOM' }],
      'ARCHIVE_CANNOT_BE_ASKED',
    ],
  ])('withholds the answer where it %s', async (_what, patients, reason) => {
    const { study, results, fhir } = await answered(patients);
    expect(study.withheld).toBe(reason);
    expect(study.reports.map((report: Answer) => [report.withheld, report.status])).toEqual([
      [reason, 'WITHHELD'],
      [reason, 'WITHHELD'],
    ]);
    expect({ results, fhir }).toEqual({ results: [], fhir: 409 });
  });

  it('is what the result is filed under, also where it has emptied a value', async () => {
    const { results } = await answered([{ ids: ['SYNTHETIC'], name: 'CORRECTED^NAME' }]);
    expect(results).toHaveLength(2);
    for (const patient of results)
      expect(patient).toMatchObject({ id: 'SYNTHETIC', name: 'CORRECTED^NAME', birthDate: null, sex: null });
  });

  it('moves no answer to another patient whose images nobody has looked at', async () => {
    const others = files.map((file, index) => renamed(file, 'OTHER', index === 20));
    const { study, results } = await answered([{ ids: ['OTHER'] }], others);
    expect(study.withheld).toBe('CHANGED_PATIENT');
    expect(results).toEqual([]);
  });

  it('moves no answer to another patient of whom only some of the images are', async () => {
    const { study, results } = await answered(
      [{ ids: ['OTHER'] }],
      files.slice(3, 5).map((file) => renamed(file, 'OTHER')),
    );
    expect(study.withheld).toBe('CHANGED_PATIENT');
    expect(results).toEqual([]);
  });
});

describe('resolving conflicts while objects arrive', () => {
  it('leaves none of them in another patient’s study', async () => {
    const program = await startProgram({ DATA_DIR: join(folder.path, 'race'), STUDY_QUIET_SECONDS: '60' });
    try {
      for (let round = 0; round < 8; round++) {
        const study = `1.2.50.${round}`;
        const object = (index: number, of: Elements) =>
          write(`race-${round}-${index}-${of['00100020']?.[1]}.dcm`, {
            '0020000D': ['UI', study],
            '0020000E': ['UI', `${study}.1`],
            '00080018': ['UI', `${study}.1.${index}`],
            ...of,
          });
        const [anna, berta] = [patient('P-A', 'ANNA^A'), patient('P-B', 'BERTA^B', '19800202')];
        const indices = Array.from({ length: 10 }, (_, index) => index);
        await send(
          program,
          indices.map((index) => object(index, anna)),
        );
        await send(
          program,
          indices.map((index) => object(index, berta)),
        );
        const late = indices.map((index) => object(100 + index, anna));
        const [{ errors }] = await Promise.all([
          program.ask(RESOLVE, { uid: study, keep: 'LAST_RECEIVED' }),
          send(program, late.slice(0, 5)),
          send(program, late.slice(5)),
        ]);
        const { prisma, receivedDir } = program.context;
        const used = await prisma.instance.findMany({ where: { series: { study: { studyInstanceUid: study } } } });
        const named = new Set(used.map(({ path }) => parseInstance(readFileSync(join(receivedDir, path))).patient.id));
        const row = await prisma.study.findUniqueOrThrow({ where: { studyInstanceUid: study } });
        // Whatever came first: all that is used is one patient's, or nothing goes out.
        expect(named.size === 1 || row.withheld !== null, `${[...named]} ${JSON.stringify(errors)}`).toBe(true);
        if (!errors) expect(named).toEqual(new Set([row.patientId]));
      }
    } finally {
      await program.close();
    }
  });
});

const TIMEOUT_MS = 180_000;

describe.skipIf(!requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.') || !hasDcmtk)(
  'a study whose patient is corrected',
  () => {
    let orthanc: Orthanc;
    let paths: string[];
    let uid: string;
    beforeAll(async () => {
      ({ studyInstanceUid: uid, paths } = await sampleFiles(folder.path));
      orthanc = await startOrthanc({ configuration: { StableAge: 1, OverwriteInstances: true } });
    });
    afterAll(() => orthanc?.stop());

    /** The sample study as it names this patient. */
    const named = (id: string, name: string, birthDate: string): string[] => {
      const target = join(folder.path, id);
      mkdirSync(target, { recursive: true });
      const files = paths.map((_path, index) => join(target, `${index}.dcm`));
      for (const [index, path] of paths.entries()) spawnSync('cp', [path, files[index] as string]);
      const tags = [`0010,0020=${id}`, `0010,0010=${name}`, `0010,0030=${birthDate}`, `0008,0050=ACC-${id}`];
      const run = spawnSync('dcmodify', ['-nb', ...tags.flatMap((tag) => ['-i', tag]), ...files]);
      if (run.status !== 0) throw new Error(String(run.stderr));
      return files;
    };
    const start = (name: string, env: Record<string, string> = {}) =>
      startProgram({
        DATA_DIR: join(folder.path, name),
        PACS_URL: orthanc.dicomWebUrl,
        STUDY_QUIET_SECONDS: '1',
        WRITE_BACK: 'true',
        ...env,
      });
    const empty = async () => {
      for (const id of (await (await fetch(`${orthanc.url}/studies`)).json()) as string[])
        await fetch(`${orthanc.url}/studies/${id}`, { method: 'DELETE' });
    };
    /** PatientID and AccessionNumber of each result that the archive has. */
    const results = async (): Promise<[string, string][]> => {
      const found = (await (
        await fetch(`${orthanc.url}/tools/find`, {
          method: 'POST',
          body: JSON.stringify({ Level: 'Instance', Query: { StudyInstanceUID: uid }, Expand: true }),
        })
      ).json()) as Answer[];
      const tags = await Promise.all(
        found.map(async ({ ID }) => (await fetch(`${orthanc.url}/instances/${ID}/simplified-tags`)).json() as Answer),
      );
      return tags
        .filter((one) => one.Manufacturer === 'MRIMaster')
        .map((one): [string, string] => [one.PatientID, one.AccessionNumber]);
    };
    const stored = (program: Program, revision: number) =>
      until(
        () => ask(program, uid),
        (study) =>
          study?.reports.filter((one: Answer) => one.revision === revision && one.storedAt).length === 2 &&
          study.jobs.every(({ status }: Answer) => !['QUEUED', 'RUNNING'].includes(status)),
      );

    it(
      'in the archive before its answer is written is answered under whom the archive has',
      async () => {
        await empty();
        const wrong = named('WRONG-1', 'WRONG^PATIENT', '19700101');
        await orthanc.upload(named('WRONG-1', 'CORRECTED^NAME', '19700101'));
        const program = await start('coerced');
        try {
          await send(program, wrong);
          await stored(program, 1);
          expect(await results()).toEqual([
            ['WRONG-1', 'ACC-WRONG-1'],
            ['WRONG-1', 'ACC-WRONG-1'],
          ]);
          expect(await ask(program, uid)).toMatchObject({ patient: { name: 'CORRECTED^NAME' }, withheld: null });
        } finally {
          await program.close();
        }
      },
      TIMEOUT_MS,
    );

    it(
      'to somebody else in the archive is answered under nobody, until somebody says whose it is',
      async () => {
        await empty();
        await orthanc.upload(named('RIGHT-1', 'RIGHT^PATIENT', '19800202'));
        const program = await start('disagrees');
        try {
          await send(program, named('WRONG-1', 'WRONG^PATIENT', '19700101'));
          const withheld = await until(
            () => ask(program, uid),
            (study) => study?.reports.some((one: Answer) => one.withheld),
          );
          expect(withheld).toMatchObject({ withheld: 'ARCHIVE_DISAGREES', patient: { patientId: 'WRONG-1' } });
          expect(withheld.reports.map((one: Answer) => [one.withheld, one.storedAt])).toEqual([
            ['ARCHIVE_DISAGREES', null],
            ['ARCHIVE_DISAGREES', null],
          ]);
          expect(await results()).toEqual([]);
          const metrics = await (await fetch(`${program.server.url}/metrics`)).text();
          expect(metrics).toContain('mrimaster_withheld_studies{reason="ARCHIVE_DISAGREES"} 1');
          expect((await program.ask(RESOLVE, { uid, keep: 'ARCHIVE' })).errors).toBeUndefined();
          await stored(program, 2);
          expect(await results()).toEqual([
            ['RIGHT-1', 'ACC-RIGHT-1'],
            ['RIGHT-1', 'ACC-RIGHT-1'],
          ]);
        } finally {
          await program.close();
        }
      },
      TIMEOUT_MS,
    );

    it(
      'and sent again is never proven, and its answer moves to whom the archive has by then',
      async () => {
        await empty();
        await orthanc.upload(named('WRONG-1', 'WRONG^PATIENT', '19700101'));
        const program = await start('again');
        try {
          await send(program, named('WRONG-1', 'WRONG^PATIENT', '19700101'));
          expect(await stored(program, 1)).toMatchObject({ completeness: { state: 'PROVEN' }, withheld: null });
          expect(new Set((await results()).map(([id]) => id))).toEqual(new Set(['WRONG-1']));
          // Corrected for us before the archive: whose it is, nobody knows for now.
          await send(program, named('RIGHT-1', 'RIGHT^PATIENT', '19800202'));
          const doubted = await until(
            () => ask(program, uid),
            (study) => study.conflictingInstances === 25,
          );
          expect(doubted).toMatchObject({ withheld: 'CHANGED_PATIENT', completeness: { state: 'PROVISIONAL' } });
          expect(doubted.conflicts).toHaveLength(1);
          expect(doubted.conflicts[0]).toMatchObject({ kind: 'OTHER_BYTES', objects: 25 });
          expect(doubted.conflicts[0].differences).toContainEqual({
            attribute: 'PatientID',
            first: 'WRONG-1',
            other: 'RIGHT-1',
          });
          await empty();
          await orthanc.upload(named('RIGHT-1', 'RIGHT^PATIENT', '19800202'));
          // Asked anew, which a feed, a late object or this would bring about.
          await fetch(`${program.server.url}/arrivals`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ studyInstanceUid: uid }),
          });
          const moved = await stored(program, 2);
          expect(moved).toMatchObject({
            withheld: null,
            patient: { patientId: 'RIGHT-1' },
            accessionNumber: 'ACC-RIGHT-1',
          });
          expect(moved.completeness.state).not.toBe('PROVEN');
          expect(new Set((await results()).map(([id]) => id))).toEqual(new Set(['RIGHT-1']));
          const { errors } = await program.ask(RESOLVE, { uid, keep: 'ARCHIVE' });
          expect(errors).toBeUndefined();
          const resolved = await until(
            () => ask(program, uid),
            (study) => study.completeness.state === 'PROVEN',
          );
          expect(resolved).toMatchObject({ conflictingInstances: 0, completeness: { expectedInstances: 25 } });
        } finally {
          await program.close();
        }
      },
      TIMEOUT_MS,
    );
  },
);
