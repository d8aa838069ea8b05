import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locateDataSet } from '../../src/pacs/header/locateDataSet.js';
import { hasDcmtk, run } from '../pacs/dimse/dcmtk.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../pacs/orthanc.js';
import { freePort } from '../setup/freePorts.js';
import {
  type Answer,
  isClassified,
  type Program,
  sampleFiles,
  startProgram,
  temporaryFolder,
  until,
} from '../setup/program.js';
import { RELATED, relatedBody } from '../setup/related.js';
import { requirePart } from '../setup/requirements.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let paths: string[];
let uid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  ({ studyInstanceUid: uid, paths } = await sampleFiles(folder.path));
});
afterAll(() => folder.remove());

const STUDY = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) {
  status conflictingInstances completeness { receivedInstances expectedInstances state } jobs { status error } } }`;
const CLASSIFY = `mutation ($uid: DicomUid!, $pacs: String) {
  classifyStudy(input: { studyInstanceUid: $uid, pacs: $pacs }) { job { id } } }`;
const study = async (program: Program): Promise<Answer> => (await program.ask(STUDY, { uid })).data.study;
const keptFiles = (program: Program) =>
  readdirSync(join(program.dataDir, 'received'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.dcm'))
    .map((name) => join(program.dataDir, 'received', name));
const digest = (path: string) => {
  const bytes = readFileSync(path);
  return createHash('sha256')
    .update(bytes.subarray(locateDataSet(bytes).offset))
    .digest('hex');
};

describe('what is sent to us', () => {
  let program: Program;
  beforeAll(async () => {
    program = await startProgram({ DATA_DIR: join(folder.path, 'receiver') });
  });
  afterAll(() => program.close());

  const changed = (): Buffer => {
    const bytes = Buffer.from(readFileSync(paths[0] as string));
    const at = bytes.length - 100;
    bytes[at] = (bytes[at] as number) ^ 1; // another pixel, the same UID
    return bytes;
  };
  const stow = (objects: Uint8Array[], path = '/dicom-web/studies', tail = '--b--\r\n') =>
    fetch(`${program.server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': RELATED },
      body: relatedBody(objects, { tail }),
    });

  it.skipIf(!hasDcmtk)('by C-STORE is kept byte for byte, recorded, and not doubled when it comes again', async () => {
    const args = ['-aec', 'MRIMASTER', '127.0.0.1', String(program.dicomPort), ...paths];
    for (let time = 0; time < 2; time++) expect(await run('storescu', args)).toMatchObject({ code: 0 });
    expect(await study(program)).toMatchObject({
      status: 'RECEIVING',
      conflictingInstances: 0,
      completeness: { receivedInstances: 25 },
    });
    expect(keptFiles(program).map(digest).sort()).toEqual(paths.map(digest).sort());
  });

  it.skipIf(!hasDcmtk)('by C-STORE with the UID of another object is kept beside it and flagged', async () => {
    const other = join(folder.path, 'changed.dcm');
    writeFileSync(other, changed());
    const args = ['-aec', 'MRIMASTER', '127.0.0.1', String(program.dicomPort), other];
    for (let time = 0; time < 2; time++) expect(await run('storescu', args)).toMatchObject({ code: 0 });
    expect(await study(program)).toMatchObject({ conflictingInstances: 1, completeness: { receivedInstances: 25 } });
    expect(keptFiles(program)).toHaveLength(26);
  });

  it('by STOW-RS is answered object by object', async () => {
    const good = readFileSync(paths[1] as string);
    const stored = await stow([good]);
    expect(stored.status).toBe(200);
    const [item] = ((await stored.json()) as Answer)['00081199'].Value;
    expect(good.includes(item['00081155'].Value[0])).toBe(true);
    const mixed = await stow([good, Buffer.from('no DICOM at all'), good.subarray(0, 300)]);
    expect(mixed.status).toBe(202);
    const answer = (await mixed.json()) as Answer;
    expect(answer['00081199'].Value).toHaveLength(1);
    expect(answer['0008119A'].Value.map((one: Answer) => one['00081197'].Value[0])).toEqual([0xc000, 0xc000]);
    expect((await stow([good], '/dicom-web/studies/1.2.3')).status).toBe(409);
    expect((await stow([good], `/dicom-web/studies/${uid}`)).status).toBe(200);
    expect((await stow([good], '/dicom-web/studies/..%2f..%2fetc')).status).toBe(422);
  });

  it('by STOW-RS in a body that is cut off keeps what was whole, and says so', async () => {
    const good = readFileSync(paths[1] as string);
    const answer = await stow([good, good], undefined, '');
    expect(answer.status).toBe(202);
    expect(Object.keys((await answer.json()) as object)).toEqual(['00081190', '00081199', '0008119A']);
    const form = await fetch(`${program.server.url}/dicom-web/studies`, {
      method: 'POST',
      body: new URLSearchParams({ a: 'b' }),
    });
    expect(form.status).toBe(415);
  });
});

describe.skipIf(!requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.'))(
  'several archives',
  () => {
    let orthanc: Orthanc;
    let program: Program;
    let dicomPort: number;
    beforeAll(async () => {
      dicomPort = await freePort();
      const httpPort = await freePort();
      orthanc = await startOrthanc({
        sendsTo: dicomPort,
        configuration: {
          DicomWeb: { Enable: true, Root: '/dicom-web/', Servers: { us: [`http://127.0.0.1:${httpPort}/dicom-web/`] } },
        },
      });
      await orthanc.upload(paths);
      const file = join(folder.path, 'pacs.json');
      const dimse = `dicom://${orthanc.aeTitle}@127.0.0.1:${orthanc.dicomPort}`;
      const archives = {
        web: { url: orthanc.dicomWebUrl },
        move: { url: dimse },
        get: { url: dimse, retrieve: 'get' },
        gone: { url: 'dicom://GONE@127.0.0.1:1' },
      };
      writeFileSync(file, JSON.stringify(archives));
      const env = {
        DATA_DIR: join(folder.path, 'puller'),
        PACS_FILE: file,
        DICOM_PORT: String(dicomPort),
        PORT: String(httpPort),
      };
      program = await startProgram(env);
    });
    afterAll(async () => {
      await program?.close();
      await orthanc?.stop();
    });

    it('are listed, each with whether it answers', async () => {
      const { data } = await program.ask(
        '{ pacs { name protocol address health { reachable errorCode error responseMs } } }',
      );
      expect(
        data.pacs.map(({ name, protocol, health }: Answer) => [name, protocol, health.reachable, health.errorCode]),
      ).toEqual([
        ['web', 'DICOMWEB', true, null],
        ['move', 'DIMSE', true, null],
        ['get', 'DIMSE', true, null],
        ['gone', 'DIMSE', false, 'PACS_UNREACHABLE'],
      ]);
      expect(data.pacs[3].health.error).toContain('ECONNREFUSED');
    });

    const SEARCH = `query ($pacs: String, $filter: PacsStudyFilter, $first: Int, $after: String) {
    pacsStudies(pacs: $pacs, filter: $filter, first: $first, after: $after) {
      nodes { pacs studyInstanceUid studyDate modalities numberOfInstances patient { name } study { status } }
      pageInfo { hasNextPage endCursor } } }`;

    it.each(['web', 'move'])('are searched while one waits: %s', async (pacs) => {
      const { data } = await program.ask(SEARCH, {
        pacs,
        filter: { patientName: 'SYNTH*', modality: 'MR', studyDateFrom: '2000-01-01' },
      });
      expect(data.pacsStudies.nodes).toMatchObject([
        { pacs, studyInstanceUid: uid, modalities: ['MR'], numberOfInstances: 25 },
      ]);
      expect(data.pacsStudies.pageInfo.hasNextPage).toBe(false);
      const none = await program.ask(SEARCH, { pacs, filter: { studyDateTo: '1999-12-31' } });
      expect(none.data.pacsStudies.nodes).toEqual([]);
      const wrong = await program.ask(SEARCH, { pacs, filter: { patientId: 'A\\B' } });
      expect(wrong.errors?.[0].extensions.code).toBe('BAD_USER_INPUT');
    });

    it('that nobody configured are refused by name', async () => {
      const { errors } = await program.ask(SEARCH, { pacs: 'other' });
      expect(errors?.[0]).toMatchObject({
        message: expect.stringContaining('"web"'),
        extensions: { code: 'PACS_NOT_CONFIGURED' },
      });
    });

    it.each(['web', 'move', 'get'])('give a study that is classified: %s', async (pacs) => {
      await program.context.prisma.study.deleteMany();
      expect((await program.ask(CLASSIFY, { uid, pacs })).errors).toBeUndefined();
      const done = await until(() => study(program), isClassified);
      expect(done).toMatchObject({
        status: 'CLASSIFIED',
        completeness: { receivedInstances: 25, expectedInstances: 25, state: 'PROVISIONAL' },
      });
    });

    it('are asked one after another for a study that no archive was named for', async () => {
      await program.context.prisma.study.deleteMany();
      await program.ask(CLASSIFY, { uid });
      await until(() => study(program), isClassified);
      const { errors } = await program.ask(CLASSIFY, { uid: '1.2.3.4.5.6' });
      // one archive did not answer: it may have it
      expect(errors).toBeUndefined();
    });

    it('push to us by STOW-RS', async () => {
      await program.context.prisma.study.deleteMany();
      const [id] = (await (await fetch(`${orthanc.url}/studies`)).json()) as string[];
      const sent = await fetch(`${orthanc.url}/dicom-web/servers/us/stow`, {
        method: 'POST',
        body: JSON.stringify({ Resources: [id], Synchronous: true }),
      });
      expect(sent.status, await sent.text()).toBe(200);
      expect((await study(program)).completeness.receivedInstances).toBe(25);
    });
  },
);
