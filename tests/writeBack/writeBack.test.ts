import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeInstances } from '../../src/pacs/dimse/storeInstances.js';
import { hasDcmtk } from '../pacs/dimse/dcmtk.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../pacs/orthanc.js';
import { freePort } from '../setup/freePorts.js';
import { type Answer, type Program, sampleFiles, startProgram, temporaryFolder, until } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';

const hasValidator = requirePart(
  'dciodvfy',
  spawnSync('dciodvfy', ['-version']).status !== null,
  'Install dicom3tools.',
);

const STUDY = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { status revision
  completeness { state } jobs { kind status error attempts }
  reports { kind pacs revision sopInstanceUid storedAt error } } }`;

const TIMEOUT_MS = 180_000;

describe.skipIf(!requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.') || !hasDcmtk)(
  'an answer',
  () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let orthanc: Orthanc;
    let dicomPort: number;
    let paths: string[];
    let uid: string;
    beforeAll(async () => {
      folder = await temporaryFolder();
      ({ studyInstanceUid: uid, paths } = await sampleFiles(folder.path));
      dicomPort = await freePort();
      orthanc = await startOrthanc({
        sendsTo: dicomPort,
        configuration: {
          StableAge: 1,
          DicomAlwaysAllowGet: true,
        },
      });
    });
    afterAll(async () => {
      await orthanc?.stop();
      await folder.remove();
    });

    const study = async (program: Program): Promise<Answer> => (await program.ask(STUDY, { uid })).data.study;
    const stored = (program: Program, revision: number) =>
      until(
        () => study(program),
        (found) => found?.reports.filter((one: Answer) => one.revision === revision && one.storedAt).length === 2,
      );
    const inArchive = async (): Promise<Answer[]> => {
      const found = await (
        await fetch(`${orthanc.url}/tools/find`, {
          method: 'POST',
          body: JSON.stringify({ Level: 'Instance', Query: { StudyInstanceUID: uid }, Expand: true }),
        })
      ).json();
      return (found as Answer[]).map((one) => ({ id: one.ID, uid: one.MainDicomTags.SOPInstanceUID }));
    };
    const download = async (id: string, name: string) => {
      const path = join(folder.path, name);
      writeFileSync(path, Buffer.from(await (await fetch(`${orthanc.url}/instances/${id}/file`)).arrayBuffer()));
      return path;
    };

    it(
      'is in the archive as report and picture before anyone asks; what comes back of it sets nothing off',
      async () => {
        await orthanc.upload(paths.slice(0, 24));
        const env = {
          DATA_DIR: join(folder.path, 'web'),
          PACS_URL: orthanc.dicomWebUrl,
          PACS_CHANGES_URL: `${orthanc.url}/changes`,
          STUDY_QUIET_SECONDS: '2',
          WRITE_BACK: 'true',
        };
        const program = await startProgram(env);
        try {
          const first = await stored(program, 1);
          expect(first.reports.map(({ kind, pacs, error }: Answer) => [kind, pacs, error])).toEqual([
            ['STRUCTURED_REPORT', 'default', null],
            ['SECONDARY_CAPTURE', 'default', null],
          ]);
          const results = (await inArchive()).filter((one) =>
            first.reports.some(({ sopInstanceUid }: Answer) => sopInstanceUid === one.uid),
          );
          expect(results).toHaveLength(2);
          for (const [index, { id }] of results.entries()) {
            const path = await download(id, `result-${index}.dcm`);
            const { stdout } = spawnSync('dcmdump', [path], { encoding: 'utf8' });
            const value = (keyword: string) => new RegExp(`\\[(.*)\\].* ${keyword}$`, 'm').exec(stdout)?.[1];
            const { id: installation } = await program.context.prisma.installation.findFirstOrThrow();
            expect(value('DeviceSerialNumber')).toBe(installation);
            expect(value('StationName')).toMatch(/^MRIM-[0-9A-F]{11}$/);
            expect(value('TimezoneOffsetFromUTC')).toMatch(/^[+-]\d{4}$/);
            const writtenAt = `${value('ContentDate')}${value('ContentTime')}`;
            expect(writtenAt >= `${value('StudyDate')}${value('StudyTime')}`).toBe(true);
            if (hasValidator) expect(spawnSync('dciodvfy', [path], { encoding: 'utf8' }).stderr).not.toMatch(/^Error/m);
          }
          // Orthanc's feed tells of our own objects, too; they are fetched, and make no new revision.
          await new Promise((resolve) => setTimeout(resolve, 8000));
          expect(await study(program)).toMatchObject({ revision: 1 });
          expect(await inArchive()).toHaveLength(26);

          const { prisma } = program.context;
          const firstAnswer = await prisma.firstAnswer.findFirstOrThrow();
          const { createdAt } = await prisma.studyFinding.findFirstOrThrow();
          expect(firstAnswer.answeredAt).toEqual(createdAt);
          await orthanc.upload(paths.slice(24)); // a late instance
          const second = await stored(program, 2);
          expect(second.reports).toHaveLength(4);
          // It was answered anew, and the first answer stays.
          expect((await prisma.studyFinding.findFirstOrThrow()).createdAt.getTime()).toBeGreaterThan(
            createdAt.getTime(),
          );
          expect(await prisma.firstAnswer.findMany()).toEqual([firstAnswer]);
          const latest = second.reports.find((one: Answer) => one.revision === 2 && one.kind === 'STRUCTURED_REPORT');
          const { id } = (await inArchive()).find((one) => one.uid === latest.sopInstanceUid);
          const { stdout } = spawnSync('dcmdump', [await download(id, 'latest.dcm')], { encoding: 'utf8' });
          expect(stdout).toMatch(
            new RegExp(
              `PredecessorDocumentsSequence[\\s\\S]*${first.reports[0].sopInstanceUid.replaceAll('.', '\\.')}`,
            ),
          );
          await new Promise((resolve) => setTimeout(resolve, 6000));
          expect(await study(program)).toMatchObject({ revision: 2 });
        } finally {
          await program.close();
        }
      },
      TIMEOUT_MS,
    );

    it(
      'reaches an archive over C-STORE, and waits for one that is away without holding up anything',
      async () => {
        const gonePort = await freePort();
        mkdirSync(join(folder.path, 'rules'));
        const rules = join(folder.path, 'rules/rules.json');
        writeFileSync(
          rules,
          JSON.stringify([{ name: 'MR', when: { modality: 'MR' }, priority: 'STAT', writeBack: ['there', 'gone'] }]),
        );
        const file = join(folder.path, 'rules/pacs.json');
        const there = { url: `dicom://${orthanc.aeTitle}@127.0.0.1:${orthanc.dicomPort}`, retrieve: 'get' };
        writeFileSync(file, JSON.stringify({ there, gone: { url: `dicom://GONE@127.0.0.1:${gonePort}` } }));
        const env = {
          DATA_DIR: join(folder.path, 'dimse'),
          PACS_FILE: file,
          RULES_FILE: rules,
          STUDY_QUIET_SECONDS: '1',
        };
        const program = await startProgram(env);
        try {
          const peer = {
            host: '127.0.0.1',
            port: program.dicomPort as number,
            calledAeTitle: 'MRIMASTER',
            callingAeTitle: 'MR1',
          };
          await storeInstances(peer, paths);
          const both = await until(
            () => study(program),
            (one) =>
              one?.reports.filter(({ storedAt }: Answer) => storedAt).length === 2 &&
              one.reports.some(({ error }: Answer) => error),
          );
          // As urgent as the study: behind a backlog of others' it would wait for them.
          const queued = await program.context.prisma.$queryRaw`
            SELECT DISTINCT priority FROM pgboss.job WHERE name = 'write-back'`;
          expect(queued).toEqual([{ priority: 20 }]);
          expect(both.status).toBe('CLASSIFIED');
          const gone = both.reports.filter(({ pacs }: Answer) => pacs === 'gone');
          expect(gone).toHaveLength(2);
          expect(gone[0].error).toContain('ECONNREFUSED');
          // the archive comes back
          const back = await startOrthanc({ configuration: { DicomPort: gonePort, DicomAet: 'GONE' } });
          try {
            await until(
              () => study(program),
              ({ reports }) => reports.every(({ storedAt }: Answer) => storedAt),
            );
            const kept = (await (await fetch(`${back.url}/instances`)).json()) as string[];
            expect(kept).toHaveLength(2);
          } finally {
            await back.stop();
          }
        } finally {
          await program.close();
        }
      },
      TIMEOUT_MS,
    );
  },
);
