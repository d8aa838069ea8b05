import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { MrimasterError } from '../../../src/errors/errors.js';
import { supportedTransferSyntaxes } from '../../../src/pacs/header/transferSyntax.js';
import { readSlice } from '../../../src/pacs/pixels/readSlice.js';
import { readStoredFrame, type StoredFrame } from '../../../src/pacs/pixels/storedFrame.js';
import { requirePart } from '../../setup/requirements.js';
import { hasPydicom, hasStudies, runReference, studies } from '../sharedData.js';

const hasEncoders = requirePart(
  'DCMTK and GDCM encoders',
  ['dcmconv', 'dcmcrle', 'dcmcjpeg', 'dcmcjpls', 'gdcmconv'].every(
    (tool) => spawnSync(tool, ['--version']).status !== null,
  ),
  'Install dcmtk and libgdcm-tools.',
);

const corpus = mkdtempSync(join(tmpdir(), 'corpus-'));
afterAll(() => rmSync(corpus, { recursive: true }));

function bytesOf({ pixels }: StoredFrame): Uint8Array {
  return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
}

function digest(frame: StoredFrame): string {
  return createHash('sha256').update(bytesOf(frame)).digest('hex');
}

type CorpusFile = { path: string; what: string; syntax: string; frames: string[] | null; raw: string | null };

const HTJ2K = ['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.4.203'];

describe.skipIf(!hasPydicom || !hasEncoders)(
  'every transfer syntax, depth, sign, colour and number of frames',
  async () => {
    const files = hasPydicom && hasEncoders ? runReference<CorpusFile>('makeCorpus.py', [corpus]) : [];

    it('covers every syntax that is said to be supported, save HTJ2K, which DCMTK and GDCM cannot write', () => {
      const covered = new Set(files.map((file) => file.syntax));
      expect(covered.size).toBe(supportedTransferSyntaxes().split(', ').length - HTJ2K.length);
    });

    it.each(files.filter((file) => file.frames))(
      'decodes $syntax ($what) to the very values that were encoded',
      async (file) => {
        const bytes = readFileSync(file.path);
        const decoded = await Promise.all((file.frames ?? []).map((_, index) => readStoredFrame(bytes, index + 1)));
        expect(decoded.map(digest)).toEqual(file.frames);
      },
    );

    it.each(files.filter((file) => file.raw))(
      'decodes lossy $syntax ($what) to the values that DCMTK or GDCM read',
      async (file) => {
        const bytes = readFileSync(file.path);
        const raw = readFileSync(file.raw ?? '');
        for (let frame = 1, offset = 0; offset < raw.length; frame++) {
          const decoded = bytesOf(await readStoredFrame(bytes, frame));
          expect(raw.subarray(offset, offset + decoded.length).equals(decoded)).toBe(true);
          offset += decoded.length;
        }
      },
    );

    it('gives frames that may be changed without changing the file', async () => {
      const { path } = files.find((file) => file.syntax === '1.2.840.10008.1.2.1') as CorpusFile;
      const bytes = readFileSync(path);
      const before = Buffer.from(bytes);
      (await readStoredFrame(bytes, 1)).pixels.fill(7);
      expect(bytes.equals(before)).toBe(true);
    });

    const damages: Record<string, (bytes: Buffer) => Buffer> = {
      'zeros to the end': (bytes) => Buffer.from(bytes).fill(0, bytes.length / 2, bytes.length - 12),
      'zeros in the middle': (bytes) =>
        Buffer.from(bytes).fill(0, Math.floor(bytes.length * 0.55), Math.floor(bytes.length * 0.7)),
      'no second half': (bytes) => Buffer.concat([bytes.subarray(0, bytes.length / 2), bytes.subarray(-12)]),
      truncation: (bytes) => bytes.subarray(0, bytes.length * 0.6),
    };

    it.each(Object.keys(damages))('never shows the previous image in place of one damaged by %s', async (damage) => {
      const single = files.filter((file) => file.frames?.length === 1 && /\.(?:5|4\.\d+)$/.test(file.syntax));
      for (const previous of single.filter(({ path }) => path.includes('u16'))) {
        const next = single.find((file) => file.syntax === previous.syntax && file.path.includes('s16')) as CorpusFile;
        const shown = await readStoredFrame(readFileSync(previous.path), 1);
        const damaged = (damages[damage] as (bytes: Buffer) => Buffer)(readFileSync(next.path));
        const outcome = await readStoredFrame(damaged, 1).catch((error) => error.code as string);
        if (typeof outcome === 'string') {
          expect(outcome).toMatch(/^(?:UNDECODABLE_PIXELS|INVALID_DICOM)$/);
        } else {
          const same = outcome.pixels.filter((value, index) => (value & 0xffff) === shown.pixels[index]).length;
          expect(same, `${next.what} after ${previous.what}`).toBeLessThan(0.02 * shown.pixels.length);
        }
        expect(digest(await readStoredFrame(readFileSync(next.path), 1)), 'the same file undamaged').toBe(
          next.frames?.[0],
        );
      }
    });
  },
);

type Sample = { path: string; frames: string[] | null };

describe.skipIf(!hasPydicom)('the samples that come with pydicom', () => {
  const samples = hasPydicom ? runReference<Sample>('pydicomSamples.py', []) : [];
  const REFUSED = {
    'GDCMJ2K_TextGBR.dcm': 'UNDECODABLE_PIXELS', // a whole JP2 file, which PS3.5 A.4.4 forbids
    'JPEG2000-embedded-sequence-delimiter.dcm': 'UNDECODABLE_PIXELS', // the codestream is of another size
    'MR_truncated.dcm': 'UNDECODABLE_PIXELS',
    'badVR.dcm': 'INVALID_DICOM', // 1A frames
    'liver_1frame.dcm': 'INVALID_DICOM', // the groups of three frames for one
    'liver_expb_1frame.dcm': 'INVALID_DICOM',
  };

  it("equal pydicom's values, or are refused for what is wrong with them", async () => {
    const refused: Record<string, string> = {};
    for (const { path, frames } of samples) {
      const bytes = readFileSync(path);
      try {
        const digests = [];
        for (const index of (frames ?? ['']).keys()) digests.push(digest(await readStoredFrame(bytes, index + 1)));
        if (frames) expect(digests, path).toEqual(frames);
      } catch (error) {
        refused[basename(path)] = (error as MrimasterError).code;
      }
    }
    expect(REFUSED).toMatchObject(refused);
    expect(samples.length).toBeGreaterThan(40);
  });
});

describe.skipIf(!hasStudies || !hasPydicom)('real series', () => {
  it("equal pydicom's values in every frame of every file", async () => {
    const paths = readdirSync(studies, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.dcm'));
    const input = paths.map((path) => join(studies, path)).join('\n');
    const references = runReference<{ path: string; frames: string[] }>('storedValues.py', [], input);
    expect(references).toHaveLength(paths.length);
    const different: string[] = [];
    for (const { path, frames } of references) {
      const bytes = readFileSync(path);
      for (const [index, expected] of frames.entries()) {
        const slice = await readSlice(bytes, index + 1);
        if (digest(await readStoredFrame(bytes, index + 1)) !== expected || !slice.pixels.every(Number.isFinite)) {
          different.push(`${path} frame ${index + 1}`);
        }
      }
    }
    expect(different).toEqual([]);
    expect(references.length).toBeGreaterThan(1000);
  });
});
