import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasOrthanc, type Orthanc, startOrthanc } from '../pacs/orthanc.js';
import { hasStudies, studies } from '../pacs/sharedData.js';
import {
  type Answer,
  client,
  isClassified,
  type Program,
  spawnProgram,
  startProgram,
  temporaryFolder,
  until,
} from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';

const STUDY = `query ($uid: DicomUid!) {
  study(studyInstanceUid: $uid) {
    status failureCode
    completeness { state receivedInstances expectedInstances }
    jobs { id status attempts progress error }
    series {
      description eligible eligibilityReason orientation
      slices(first: 500) { nodes { sopInstanceUid frameNumber position sliceLocation predictions { id status label confidence } } }
    }
    finding { label confidence abstained sliceCounts { label count } keySlice { sopInstanceUid } model { name } }
  }
}`;
const CLASSIFY = `mutation ($uid: DicomUid!, $force: Boolean) {
  classifyStudy(input: { studyInstanceUid: $uid, force: $force }) { job { id status } study { status } }
}`;

const parts = requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.') && hasStudies;

describe.skipIf(!parts)('a study that lies in a real Orthanc', () => {
  let orthanc: Orthanc;
  let uid: string;
  let files: string[];
  beforeAll(async () => {
    orthanc = await startOrthanc();
    files = dicomFiles(join(studies, 'glioma_tcga_fg_6692'));
    await orthanc.upload(files);
    const answer = await fetch(`${orthanc.dicomWebUrl}/studies`, { headers: { accept: 'application/dicom+json' } });
    const [study] = (await answer.json()) as Answer[];
    uid = study['0020000D'].Value[0];
  });
  afterAll(() => orthanc?.stop());

  it('comes back through GraphQL with one prediction for each slice of its eligible series', async () => {
    const folder = await temporaryFolder();
    const program = await startProgram({ DATA_DIR: folder.path, PACS_URL: orthanc.dicomWebUrl });
    try {
      const asked = await program.ask(CLASSIFY, { uid });
      expect(asked.errors).toBeUndefined();
      const study = await finished(program.ask, uid);
      expect(study.status).toBe('CLASSIFIED');
      expect(study.completeness).toMatchObject({ receivedInstances: files.length, expectedInstances: files.length });
      const eligible = study.series.filter((series: Answer) => series.eligible);
      expect(eligible.length).toBeGreaterThan(0);
      for (const series of study.series)
        for (const slice of series.slices.nodes) expect(slice.predictions).toHaveLength(series.eligible ? 1 : 0);
      for (const series of eligible) {
        const locations = series.slices.nodes.map((slice: Answer) => slice.sliceLocation);
        expect(locations).toEqual(locations.toSorted((a: number, b: number) => a - b));
      }
      expect(study.finding.model.name).toBe('brain-mri');
      expect(study.jobs).toMatchObject([{ status: 'SUCCEEDED', attempts: 1, progress: 1 }]);
    } finally {
      await program.close();
      await folder.remove();
    }
  });

  it('is finished after kill -9 in the middle, each slice predicted once', async () => {
    const folder = await temporaryFolder();
    const env = { DATA_DIR: folder.path, PACS_URL: orthanc.dicomWebUrl };
    const first = await spawnProgram(env);
    let program: Program | undefined;
    try {
      const ask = client(first.url);
      await ask(CLASSIFY, { uid });
      const midway = await until(
        async () => predictionsOf((await ask(STUDY, { uid })).data.study),
        (predictions) => predictions.length > 0,
      );
      first.child.kill('SIGKILL');
      await once(first.child, 'close');

      program = await startProgram(env);
      const study = await finished(program.ask, uid);
      expect(study.status).toBe('CLASSIFIED');
      const after = predictionsOf(study);
      const expected = study.series.filter((series: Answer) => series.eligible).flatMap((s: Answer) => s.slices.nodes);
      expect(midway.length).toBeLessThan(expected.length);
      expect(after).toHaveLength(expected.length);
      expect(new Set(after.map(({ id }) => id))).toEqual(new Set([...after, ...midway].map(({ id }) => id)));
      expect(study.jobs).toMatchObject([{ status: 'SUCCEEDED', attempts: 2 }]);
    } finally {
      first.child.kill('SIGKILL');
      await program?.close();
      await folder.remove();
    }
  });

  it('stops behind the batch at hand when it is asked to, and goes on at the next start', async () => {
    const folder = await temporaryFolder();
    const env = { DATA_DIR: folder.path, PACS_URL: orthanc.dicomWebUrl };
    const first = await startProgram(env);
    await first.ask(CLASSIFY, { uid });
    await until(
      async () => predictionsOf((await first.ask(STUDY, { uid })).data.study),
      (predictions) => predictions.length > 0,
    );
    await first.close();
    const next = await startProgram(env);
    try {
      const { data } = await next.ask(STUDY, { uid });
      expect(data.study.jobs).toMatchObject([{ status: expect.stringMatching(/QUEUED|RUNNING/) }]);
      const study = await finished(next.ask, uid);
      expect(study.status).toBe('CLASSIFIED');
      for (const series of study.series)
        for (const slice of series.slices.nodes) expect(slice.predictions).toHaveLength(series.eligible ? 1 : 0);
    } finally {
      await next.close();
      await folder.remove();
    }
  });

  it('waits for an archive that is down, and fails at once where it has no such study', async () => {
    const folder = await temporaryFolder();
    const other = await startOrthanc();
    const program = await startProgram({ DATA_DIR: folder.path, PACS_URL: other.dicomWebUrl });
    try {
      const unknown = await program.ask(CLASSIFY, { uid: '1.2.3.4' });
      expect(unknown.errors?.[0].extensions).toMatchObject({ code: 'STUDY_NOT_FOUND' });
      expect(await program.context.prisma.study.count()).toBe(0);
      await other.stop();
      const { data } = await program.ask(CLASSIFY, { uid });
      expect(data.classifyStudy.job.status).toBe('QUEUED');
      const { jobs } = await until(
        async () => (await program.ask(STUDY, { uid })).data.study,
        (study) => study.jobs[0].attempts > 0 && study.jobs[0].error !== null,
      );
      expect(jobs[0]).toMatchObject({ status: 'QUEUED', error: expect.stringMatching(/archive.*\./) });
    } finally {
      await program.close();
      await folder.remove();
    }
  });
});

function predictionsOf(study: Answer): { id: string }[] {
  return study.series.flatMap((series: Answer) => series.slices.nodes.flatMap((slice: Answer) => slice.predictions));
}

async function finished(ask: Program['ask'], uid: string): Promise<Answer> {
  return until(async () => (await ask(STUDY, { uid })).data?.study, isClassified);
}

function dicomFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.dcm'))
    .map((name) => join(folder, name));
}
