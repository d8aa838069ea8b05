import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DicomwebClient } from '../../../src/pacs/dicomweb/client.js';
import { storeInstances } from '../../../src/pacs/dimse/storeInstances.js';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { writeSecondaryCapture } from '../../../src/pacs/report/writeSecondaryCapture.js';
import { writeStructuredReport } from '../../../src/pacs/report/writeStructuredReport.js';
import { requirePart } from '../../setup/requirements.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../orthanc.js';
import { hasPydicom, runReference } from '../sharedData.js';
import { finding, japanese, reportOf, slices, sourceOf, writtenObject } from './sampleReport.js';

const folder = mkdtempSync(join(tmpdir(), 'written-back-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A report and an overlay of a patient whose name is in three scripts. */
function write(revision: number): string[] {
  const source = sourceOf(japanese);
  const pixels = { width: 5, height: 3, channels: 3 as const, data: new Uint8Array(45).fill(revision) };
  const overlay = {
    ...writtenObject('overlay', revision, source),
    ...{ pixels, key: slices[4] as (typeof slices)[0], description: 'GRAD_CAM', imageOrientationPatient: null },
  };
  const objects = {
    report: writeStructuredReport(reportOf(finding(), { source }, revision)),
    overlay: writeSecondaryCapture(overlay),
  };
  return Object.entries(objects).map(([name, bytes]) => {
    const path = join(folder, `${name}-${revision}.dcm`);
    writeFileSync(path, bytes);
    return path;
  });
}

describe.skipIf(!requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.'))('Orthanc', () => {
  let orthanc: Orthanc;
  beforeAll(async () => {
    orthanc = await startOrthanc();
  });
  afterAll(() => orthanc?.stop());

  /** The file that the archive has of an instance. */
  async function fetchBack(path: string): Promise<Buffer> {
    const body = parseInstance(readFileSync(path)).sopInstanceUid;
    const [found] = (await (await fetch(`${orthanc.url}/tools/lookup`, { method: 'POST', body })).json()) as {
      ID: string;
    }[];
    return Buffer.from(await (await fetch(`${orthanc.url}/instances/${found?.ID}/file`)).arrayBuffer());
  }

  it('takes them by STOW-RS and gives them back byte for byte', async () => {
    const paths = write(1);
    const stored = await new DicomwebClient({ url: orthanc.dicomWebUrl }).storeInstances(paths);
    expect(stored.filter(({ failure }) => failure)).toEqual([]);
    for (const path of paths) expect(await fetchBack(path)).toEqual(readFileSync(path));
  });

  it.skipIf(!hasPydicom)('takes them by C-STORE and gives back all that they say', async () => {
    const paths = write(2);
    const { dicomPort: port, aeTitle: calledAeTitle } = orthanc;
    const stored = await storeInstances({ host: '127.0.0.1', port, calledAeTitle, callingAeTitle: 'MRIMASTER' }, paths);
    expect(stored.filter(({ failure, warning }) => failure || warning)).toEqual([]);
    // Orthanc gives the sequences of what comes by C-STORE another length encoding, so their bytes differ.
    for (const path of paths) {
      const back = `${path}.back`;
      writeFileSync(back, await fetchBack(path));
      const [sent, kept] = runReference('results.py', [path, back]);
      expect(kept).toEqual(sent);
    }
  });

  it('files them with the study, each kind in its own series', async () => {
    const [study, ...others] = await new DicomwebClient({ url: orthanc.dicomWebUrl }).searchForStudies();
    expect(others).toEqual([]);
    expect(study).toMatchObject({ studyInstanceUid: '1.2.3', numberOfInstances: hasPydicom ? 4 : 2 });
    expect([...(study?.modalities ?? [])].sort()).toEqual(['OT', 'SR']);
  });
});
