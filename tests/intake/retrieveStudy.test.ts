import { readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../pacs/orthanc.js';
import { type Answer, isClassified, type Program, startProgram, temporaryFolder, until } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';

const CLASSIFY = 'mutation ($uid: DicomUid!) { classifyStudy(input: { studyInstanceUid: $uid }) { job { id } } }';
const STUDY = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { status
  completeness { state receivedInstances expectedInstances evidence } jobs { status attempts error } } }`;

describe.skipIf(!requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.'))(
  'a study pulled from Orthanc',
  () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let orthanc: Orthanc;
    let uid: string;
    beforeAll(async () => {
      folder = await temporaryFolder();
      orthanc = await startOrthanc();
      const sample = join(folder.path, 'sample');
      uid = (await writeSampleStudy(sample)).studyInstanceUid;
      await orthanc.upload((await readdir(sample)).map((name) => join(sample, name)));
    });
    afterAll(async () => {
      await orthanc?.stop();
      await folder.remove();
    });

    /** Between us and the archive: `change` makes another body of the study's. */
    async function faulty(change: (body: Buffer) => Buffer): Promise<{ url: string; server: Server; heal(): void }> {
      let ill = true;
      const server = createServer(async (request, response) => {
        const path = (request.url as string).replace('/dicom-web/', '');
        const answer = await fetch(`${orthanc.dicomWebUrl}/${path}`, {
          headers: { accept: request.headers.accept as string },
        });
        const body = Buffer.from(await answer.arrayBuffer());
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') as string });
        if (!ill || path.includes('?')) return response.end(body);
        const changed = change(body);
        response.write(changed);
        if (changed.length < body.length) setTimeout(() => response.destroy(), 300);
        else response.end();
      }).listen(0, '127.0.0.1');
      await until(async () => server.address(), Boolean);
      const { port } = server.address() as { port: number };
      const heal = () => {
        ill = false;
      };
      return { url: `http://127.0.0.1:${port}/dicom-web`, server, heal };
    }

    const study = async (program: Program): Promise<Answer> => (await program.ask(STUDY, { uid })).data.study;

    it('that breaks off is known to be incomplete, and is whole once the archive is', async () => {
      const archive = await faulty((body) => body.subarray(0, body.length / 2));
      const program = await startProgram({ DATA_DIR: join(folder.path, 'broken-off'), PACS_URL: archive.url });
      try {
        await program.ask(CLASSIFY, { uid });
        const half = await until(
          () => study(program),
          ({ jobs }) => jobs[0]?.error !== null,
        );
        expect(half.jobs[0].status).not.toBe('SUCCEEDED');
        expect(half.completeness).toMatchObject({ state: 'INCOMPLETE', expectedInstances: 25 });
        expect(half.completeness.receivedInstances).toBeGreaterThan(0);
        expect(half.completeness.receivedInstances).toBeLessThan(25);
        archive.heal();
        const whole = await until(() => study(program), isClassified);
        expect(whole).toMatchObject({
          status: 'CLASSIFIED',
          completeness: { state: 'PROVISIONAL', receivedInstances: 25 },
        });
      } finally {
        await program.close();
        archive.server.close();
      }
    });

    it('with one damaged instance keeps the others, and says that one is missing', async () => {
      // The second object's StudyInstanceUID element gets another tag: a DICOM file without it.
      const archive = await faulty((body) => {
        const at = body.indexOf(uid, body.indexOf(uid) + 1);
        body.fill('x', at, at + uid.length);
        return body;
      });
      const program = await startProgram({ DATA_DIR: join(folder.path, 'damaged'), PACS_URL: archive.url });
      try {
        await program.ask(CLASSIFY, { uid });
        const { status, completeness } = await until(() => study(program), isClassified);
        expect(status).toBe('CLASSIFIED');
        expect(completeness).toEqual({
          state: 'INCOMPLETE',
          receivedInstances: 24,
          expectedInstances: 25,
          evidence: 'The archive counted 25 instances when asked once; 24 are here. 1 that it sent could not be used.',
        });
      } finally {
        await program.close();
        archive.server.close();
      }
    });
  },
);
