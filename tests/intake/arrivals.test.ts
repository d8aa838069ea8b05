import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { openDatabase } from '../../src/database/database.js';
import { createLog } from '../../src/output/log.js';
import { storeInstances } from '../../src/pacs/dimse/storeInstances.js';
import { buildFile, type Elements, mrElements } from '../pacs/buildDicom.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../pacs/orthanc.js';
import { freePort } from '../setup/freePorts.js';
import {
  type Answer,
  client,
  isClassified,
  type Program,
  sampleFiles,
  spawnProgram,
  startProgram,
  temporaryFolder,
  until,
} from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let paths: string[];
let uid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  ({ studyInstanceUid: uid, paths } = await sampleFiles(folder.path));
});
afterAll(() => folder.remove());

const STUDY = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { status revision intakeReason
  completeness { state receivedInstances expectedInstances evidence } jobs { status kind } finding { label } } }`;
const ask = async (program: { ask: Program['ask'] }, of = uid): Promise<Answer> =>
  (await program.ask(STUDY, { uid: of })).data.study;
const send = (port: number, files: string[], callingAeTitle = 'SCANNER') =>
  storeInstances({ host: '127.0.0.1', port, calledAeTitle: 'MRIMASTER', callingAeTitle }, files);
const classified = (program: Program, revision: number) =>
  until(
    () => ask(program),
    (study) => study?.revision === revision && study.jobs.length === revision && isClassified(study),
  );

describe('a study that arrives', () => {
  it('is classified when it has been quiet, with nobody asking, once; a late instance makes a new revision', async () => {
    const program = await startProgram({ DATA_DIR: join(folder.path, 'alone'), STUDY_QUIET_SECONDS: '5' });
    try {
      const port = program.dicomPort as number;
      await send(port, paths.slice(0, 10));
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await send(port, paths.slice(10, 24)); // it goes on: what came first does not decide
      await new Promise((resolve) => setTimeout(resolve, 2000));
      expect(await ask(program)).toMatchObject({ status: 'RECEIVING', revision: 0, jobs: [] });
      const first = await classified(program, 1);
      expect(first).toMatchObject({
        status: 'CLASSIFIED',
        intakeReason: 'Classified by rule "MR studies": modality "MR".',
        completeness: {
          state: 'PROVISIONAL',
          receivedInstances: 24,
          evidence: '24 instances came; no archive is configured to ask whether these are all.',
        },
      });
      await send(port, paths.slice(0, 24)); // the same again changes nothing
      await new Promise((resolve) => setTimeout(resolve, 6500));
      expect(await ask(program)).toMatchObject({ revision: 1 });
      await send(port, paths);
      expect(await classified(program, 2)).toMatchObject({ completeness: { receivedInstances: 25 } });
      const slices = await program.context.prisma.prediction.count();
      expect(slices).toBe(await program.context.prisma.slice.count({ where: { eligible: true } }));
    } finally {
      await program.close();
    }
  });

  it('is passed over where no rule is for it, and says why', async () => {
    const rules = join(folder.path, 'rules.json');
    writeFileSync(
      rules,
      JSON.stringify([
        { name: 'phantoms', when: { description: '*phantom*', modality: 'MR' }, classify: false },
        { name: 'all', when: { modality: ['MR'] } },
      ]),
    );
    const program = await startProgram({
      DATA_DIR: join(folder.path, 'ruled'),
      STUDY_QUIET_SECONDS: '1',
      RULES_FILE: rules,
    });
    try {
      const other = join(folder.path, 'ct.dcm');
      writeFileSync(other, buildFile(mrElements({ '00080060': ['CS', 'CT'] })));
      const phantom = join(folder.path, 'phantom.dcm');
      const described: Elements = {
        '0020000D': ['UI', '1.2.9'],
        '00080018': ['UI', '1.2.9.1'],
        '00081030': ['LO', 'Phantom, weekly'],
      };
      writeFileSync(phantom, buildFile(mrElements(described)));
      await send(program.dicomPort as number, [other, phantom]);
      const passedOver = await until(
        () => ask(program, '1.2.3'),
        (study) => study?.intakeReason,
      );
      expect(passedOver).toMatchObject({
        status: 'SKIPPED',
        jobs: [],
        intakeReason: 'Not classified: no rule is for it.',
      });
      const ruled = await until(
        () => ask(program, '1.2.9'),
        (study) => study?.intakeReason,
      );
      expect(ruled.intakeReason).toBe('Not classified: rule "phantoms": modality "MR", description "Phantom, weekly".');
    } finally {
      await program.close();
    }
  });

  it('is not set off by what we ourselves made, nor by what we asked for', async () => {
    const program = await startProgram({ DATA_DIR: join(folder.path, 'own'), STUDY_QUIET_SECONDS: '1' });
    try {
      const own = join(folder.path, 'own.dcm');
      writeFileSync(
        own,
        buildFile(mrElements({ '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.7'], '00080070': ['LO', 'MRIMaster'] })),
      );
      await send(program.dicomPort as number, [own]);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      expect(await ask(program, '1.2.3')).toMatchObject({ revision: 0, intakeReason: null, jobs: [] });
    } finally {
      await program.close();
    }
  });

  it('is settled by the next process when the one it came to is killed before', async () => {
    const dataDir = join(folder.path, 'killed');
    const port = await freePort();
    const env = { DATA_DIR: dataDir, DICOM_PORT: String(port), STUDY_QUIET_SECONDS: '3' };
    const { child } = await spawnProgram(env);
    await send(port, paths);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const program = await startProgram({ DATA_DIR: dataDir, STUDY_QUIET_SECONDS: '3' });
    try {
      expect(await classified(program, 1)).toMatchObject({
        status: 'CLASSIFIED',
        completeness: { receivedInstances: 25 },
      });
    } finally {
      await program.close();
    }
  });
});

describe.skipIf(!requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.'))(
  'a study that Orthanc forwards',
  () => {
    let orthanc: Orthanc;
    let dicomPort: number;
    beforeAll(async () => {
      dicomPort = await freePort();
      orthanc = await startOrthanc({
        sendsTo: dicomPort,
        configuration: {
          StableAge: 1,
          DicomAlwaysAllowGet: true,
        },
      });
      await orthanc.upload(paths);
    });
    afterAll(() => orthanc?.stop());

    it('is proven whole by two counts; what it did not send is fetched first', async () => {
      const env = {
        DATA_DIR: join(folder.path, 'forwarded'),
        DICOM_PORT: String(dicomPort),
        PACS_URL: orthanc.dicomWebUrl,
        STUDY_QUIET_SECONDS: '2',
      };
      const program = await startProgram(env);
      try {
        await send(dicomPort, paths.slice(0, 20)); // five are missing
        const study = await classified(program, 1);
        expect(study).toMatchObject({
          status: 'CLASSIFIED',
          completeness: {
            state: 'PROVEN',
            receivedInstances: 25,
            expectedInstances: 25,
            evidence: 'default counted 25 instances twice, at rest, and each is here.',
          },
        });
      } finally {
        await program.close();
      }
    });

    it('is provisional after the deadline while the archive is away, and says so', async () => {
      const env = {
        DATA_DIR: join(folder.path, 'away'),
        PACS_URL: 'dicom://GONE@127.0.0.1:1',
        STUDY_QUIET_SECONDS: '1',
        STUDY_DEADLINE_SECONDS: '6',
      };
      const program = await startProgram(env);
      try {
        await send(program.dicomPort as number, paths);
        const { completeness } = await classified(program, 1);
        expect(completeness).toMatchObject({
          state: 'PROVISIONAL',
          evidence: '25 instances came; no archive told, until the deadline, how many there are.',
        });
      } finally {
        await program.close();
      }
    });

    it('is found in its feed of changes without being sent, also while we were away, and is classified once', async () => {
      const changes = `${orthanc.url}/changes`;
      const env = {
        DATA_DIR: join(folder.path, 'feed'),
        PACS_URL: orthanc.dicomWebUrl,
        PACS_CHANGES_URL: changes,
        STUDY_QUIET_SECONDS: '2',
      };
      await (await startProgram(env)).close(); // it knows of nothing, and goes away
      const program = await startProgram(env);
      try {
        expect(await classified(program, 1)).toMatchObject({
          status: 'CLASSIFIED',
          completeness: { state: 'PROVEN', receivedInstances: 25 },
        });
        const { last } = await program.context.prisma.archiveCursor.findUniqueOrThrow({ where: { pacs: 'default' } });
        expect(Number(last)).toBeGreaterThan(25);
        await program.context.prisma.archiveCursor.deleteMany(); // the whole feed once more
        await new Promise((resolve) => setTimeout(resolve, 5000));
        expect(await ask(program)).toMatchObject({ revision: 1 });
      } finally {
        await program.close();
      }
    });

    it('is found by searching where there is no feed, and so is what never came of one that is known', async () => {
      const uids = { '0020000D': ['UI', '1.2.77'], '00080018': ['UI', '1.2.77.1'] } as const;
      const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
      const file = join(folder.path, 'today.dcm');
      writeFileSync(file, buildFile(mrElements({ ...(uids as unknown as Elements), '00080020': ['DA', today] })));
      await orthanc.upload([file]);
      const dimse = `dicom://${orthanc.aeTitle}@127.0.0.1:${orthanc.dicomPort}`;
      const env = {
        DATA_DIR: join(folder.path, 'polled'),
        PACS_URL: dimse,
        PACS_RETRIEVE: 'get',
        PACS_POLL_SECONDS: '1',
        STUDY_QUIET_SECONDS: '1',
      };
      const program = await startProgram(env);
      try {
        const found = await until(() => ask(program, '1.2.77'), isClassified);
        expect(found).toMatchObject({ revision: 1, completeness: { state: 'PROVEN', receivedInstances: 1 } });
        await new Promise((resolve) => setTimeout(resolve, 4000));
        expect(await ask(program, '1.2.77')).toMatchObject({ revision: 1 });
        // Of a study that is known, what never reached us.
        const more = { ...uids, '00080018': ['UI', '1.2.77.2'] } as unknown as Elements;
        writeFileSync(file, buildFile(mrElements({ ...more, '00080020': ['DA', today] })));
        await orthanc.upload([file]);
        const again = await until(
          () => ask(program, '1.2.77'),
          (study) => study?.revision === 2 && isClassified(study),
        );
        expect(again).toMatchObject({ completeness: { state: 'PROVEN', receivedInstances: 2 } });
      } finally {
        await program.close();
      }
    });

    it('is fetched when somebody tells us of it, and only once', async () => {
      const env = { DATA_DIR: join(folder.path, 'told'), PACS_URL: orthanc.dicomWebUrl, STUDY_QUIET_SECONDS: '1' };
      const program = await startProgram(env);
      const tell = (body: object) =>
        fetch(`${program.server.url}/arrivals`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      try {
        for (let time = 0; time < 3; time++) expect((await tell({ studyInstanceUid: uid })).status).toBe(202);
        expect(await classified(program, 1)).toMatchObject({
          completeness: { state: 'PROVEN', receivedInstances: 25 },
        });
        expect((await tell({ studyInstanceUid: uid, pacs: 'default' })).status).toBe(202);
        await new Promise((resolve) => setTimeout(resolve, 3000));
        expect(await ask(program)).toMatchObject({ revision: 1 });
        expect((await tell({ studyInstanceUid: '1.2.3.4.5' })).status).toBe(404);
        expect((await tell({ studyInstanceUid: '../etc' })).status).toBe(400);
        expect((await tell({ studyInstanceUid: uid, pacs: 'other' })).status).toBe(422);
      } finally {
        await program.close();
      }
    });

    it('that comes by three doors at once is one study, classified once', async () => {
      const env = {
        DATA_DIR: join(folder.path, 'doors'),
        PACS_URL: orthanc.dicomWebUrl,
        PACS_CHANGES_URL: `${orthanc.url}/changes`,
        STUDY_QUIET_SECONDS: '3',
      };
      const program = await startProgram(env);
      try {
        const body = Buffer.concat([
          ...paths.flatMap((path) => [Buffer.from('--b\r\n\r\n'), readFileSync(path), Buffer.from('\r\n')]),
          Buffer.from('--b--'),
        ]);
        const headers = { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' };
        const stow = fetch(`${program.server.url}/dicom-web/studies`, {
          method: 'POST',
          headers,
          body: new Uint8Array(body),
        });
        const port = program.dicomPort as number;
        await Promise.all([stow, send(port, paths), send(port, paths.toReversed(), 'OTHER')]);
        expect(await classified(program, 1)).toMatchObject({
          completeness: { state: 'PROVEN', receivedInstances: 25 },
        });
        await new Promise((resolve) => setTimeout(resolve, 5000));
        expect(await ask(program)).toMatchObject({ revision: 1, completeness: { receivedInstances: 25 } });
        expect(await program.context.prisma.conflictingInstance.count()).toBe(0);
      } finally {
        await program.close();
      }
    });
  },
);

describe('a worker', () => {
  it('finishes what the server of its database was killed in', async () => {
    const dataDir = join(folder.path, 'worker');
    const port = await freePort();
    const env = { DATA_DIR: dataDir, DICOM_PORT: String(port), STUDY_QUIET_SECONDS: '1' };
    const server = await spawnProgram(env);
    await send(port, paths);
    await until(
      () => ask({ ask: client(server.url) }),
      ({ jobs }) => jobs.length > 0,
    );
    server.child.kill('SIGKILL');
    await once(server.child, 'exit');
    const worker = await spawnProgram(env, { args: ['worker'], ready: /This worker/ });
    try {
      const database = await openDatabase(readConfig({ DATA_DIR: dataDir }), 'tool', createLog('silent'));
      const study = await until(
        () => database.prisma.study.findUniqueOrThrow({ where: { studyInstanceUid: uid } }),
        ({ status }) => status === 'CLASSIFIED',
      );
      expect(study.revision).toBe(1);
      await database.close();
    } finally {
      worker.child.kill('SIGTERM');
      await once(worker.child, 'exit');
    }
  });
});
