import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { answerContexts, VERIFICATION } from '../../../src/pacs/dimse/negotiate.js';
import { type StorageProvider, startProvider } from '../../../src/pacs/dimse/provider.js';
import { requestAssociation } from '../../../src/pacs/dimse/requestAssociation.js';
import { isStorageClass } from '../../../src/pacs/dimse/storageClasses.js';
import { storeInstances } from '../../../src/pacs/dimse/storeInstances.js';
import { receiveBytes } from '../../../src/pacs/receive.js';
import { buildFile, mrElements } from '../buildDicom.js';
import { caseFile, hasCases } from '../sharedData.js';

const SIEMENS_PRIVATE = '1.3.12.2.1107.5.9.1';
const MR_IMAGE = '1.2.840.10008.5.1.4.1.1.4';
const VIDEO = '1.2.840.10008.5.1.4.1.1.77.1.4.1'; // Video Photographic Image Storage
const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const EXPLICIT = '1.2.840.10008.1.2.1';
const H264 = '1.2.840.10008.1.2.4.102';
const JPEG_XL = '1.2.840.10008.1.2.4.110';

const folder = mkdtempSync(join(tmpdir(), 'storage-classes-'));
const received = join(folder, 'received');
let provider: StorageProvider | undefined;
afterEach(async () => {
  await provider?.close();
  provider = undefined;
  rmSync(received, { recursive: true, force: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a storage class', () => {
  it.each([
    MR_IMAGE,
    '1.2.840.10008.5.1.4.1.1.9.1.1', // 12-lead ECG
    '1.2.840.10008.5.1.4.1.1.66.7', // Label Map Segmentation
    '1.2.840.10008.5.1.4.1.1.88.71', // Acquisition Context SR
    '1.2.840.10008.5.1.4.1.1.999', // one that comes with a later edition of the standard
    '1.2.840.10008.5.1.4.34.7', // RT Beams Delivery Instruction
    '1.2.840.10008.5.1.4.39.1', // Color Palette
    SIEMENS_PRIVATE,
    '1.2.840.113619.4.30', // GE's private one
  ])('is taken, standard or private: %s', (uid) => {
    expect(isStorageClass(uid)).toBe(true);
  });

  it.each([
    FIND,
    '1.2.840.10008.5.1.4.31', // Modality Worklist
    '1.2.840.10008.1.20.1', // Storage Commitment
    '1.2.840.10008.5.1.4.1.1.200.4', // FIND of Protocol Approval
    '1.2.840.10008.3.1.1.1', // the application context
    'MRIMASTER',
    '',
  ])('is no other service: %s', (uid) => {
    expect(isStorageClass(uid)).toBe(false);
  });
});

describe('a presentation context', () => {
  const answer = (abstractSyntax: string, ...transferSyntaxes: string[]) => {
    const { answers, refused } = answerContexts([{ id: 1, abstractSyntax, transferSyntaxes }]);
    return [answers[0]?.result, answers[0]?.transferSyntax, refused.length];
  };

  it('of MR images is refused where its pixels cannot be decoded, so that the sender decompresses them', () => {
    expect(answer(MR_IMAGE, JPEG_XL)).toEqual([4, JPEG_XL, 1]);
    expect(answer(MR_IMAGE, JPEG_XL, EXPLICIT)).toEqual([0, EXPLICIT, 0]);
  });

  it('of anything else is accepted in any syntax that is known, since nothing of it is decoded', () => {
    expect(answer(VIDEO, H264)).toEqual([0, H264, 0]);
    expect(answer(VIDEO, H264, EXPLICIT)).toEqual([0, EXPLICIT, 0]);
    expect(answer(SIEMENS_PRIVATE, EXPLICIT)).toEqual([0, EXPLICIT, 0]);
    expect(answer(VIDEO, '1.2.3.4')).toEqual([4, '1.2.3.4', 1]);
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'in the "transfer syntax" %s is refused',
    (name) => {
      expect(answer('1.2.840.10008.5.1.4.1.1.2', name)[0]).toBe(4);
    },
  );

  it('of another service is refused, and verification is not', () => {
    expect(answer(FIND, EXPLICIT)).toEqual([3, EXPLICIT, 1]);
    expect(answer(VERIFICATION, EXPLICIT)).toEqual([0, EXPLICIT, 0]);
  });
});

async function start(refusals: unknown[] = []): Promise<number> {
  provider = await startProvider({
    host: '127.0.0.1',
    port: 0,
    aeTitle: 'MRIMASTER',
    allowed: null,
    store: async ({ bytes }) => void (await receiveBytes(bytes, received)),
    onRefusedContexts: (_association, peer, refused) => refusals.push({ ...peer, refused }),
  });
  return provider.port;
}
const peerAt = (port: number) => ({
  host: '127.0.0.1',
  port,
  calledAeTitle: 'MRIMASTER',
  callingAeTitle: 'TEST',
  tls: undefined,
});
const kept = () =>
  (readdirSync(received, { recursive: true, encoding: 'utf8' }) as string[]).filter((name) => /\.dcm$/.test(name));

describe('a study with objects of many classes', () => {
  it('is taken whole: an object of a private class costs no other one anything', async () => {
    const paths = [MR_IMAGE, SIEMENS_PRIVATE, '1.2.840.10008.5.1.4.1.1.9.1.1'].map((sopClassUid, index) => {
      const path = join(folder, `${index}.dcm`);
      const uids = { '00080016': ['UI', sopClassUid], '00080018': ['UI', `1.2.3.4.${index}`] } as const;
      writeFileSync(
        path,
        buildFile(mrElements({ '00080016': [...uids['00080016']], '00080018': [...uids['00080018']] })),
      );
      return path;
    });
    const results = await storeInstances(peerAt(await start()), paths);
    expect(results.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined]);
    expect(kept()).toHaveLength(3);
  });

  it.skipIf(!hasCases)('as in the shared cases is taken whole', async () => {
    const mix = caseFile('pacs/non-image-mix');
    const paths = readdirSync(mix).map((name) => join(mix, name));
    const results = await storeInstances(peerAt(await start()), paths);
    expect(results.filter(({ failure }) => failure)).toEqual([]);
    expect(kept()).toHaveLength(paths.length);
    expect(readFileSync(join(received, kept()[0] as string)).length).toBeGreaterThan(0);
  });
});

it('contexts that are refused are told with class and peer', async () => {
  const refusals: unknown[] = [];
  const port = await start(refusals);
  const contexts = [
    { id: 1, abstractSyntax: MR_IMAGE, transferSyntaxes: [EXPLICIT] },
    { id: 3, abstractSyntax: MR_IMAGE, transferSyntaxes: [JPEG_XL] },
    { id: 5, abstractSyntax: FIND, transferSyntaxes: [EXPLICIT] },
  ];
  const association = await requestAssociation(peerAt(port), contexts, []);
  await association.release();
  expect(refusals).toEqual([
    {
      peer: '127.0.0.1',
      callingAeTitle: 'TEST',
      refused: [
        { abstractSyntax: MR_IMAGE, transferSyntaxes: [JPEG_XL], result: 4 },
        { abstractSyntax: FIND, transferSyntaxes: [EXPLICIT], result: 3 },
      ],
    },
  ]);
});
