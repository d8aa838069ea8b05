import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { parseInstance } from '../../src/pacs/parse.js';
import { buildFile, mrElements } from './buildDicom.js';
import { bombs, truncatedFragments } from './hostileFragments.js';
import { hostileHeaders, hostileImages } from './hostileHeaders.js';

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Outcome = { header: string | null; frame: string | null; stored: string | null };

describe('hostile files', async () => {
  const files = [...hostileHeaders(), ...hostileImages(), ...(await truncatedFragments()), ...(await bombs())];
  const hostile = join(folder, 'hostile');
  mkdirSync(hostile);
  const nameOf = (index: number) => String(index).padStart(4, '0');
  for (const [index, { bytes }] of files.entries()) writeFileSync(join(hostile, nameOf(index)), bytes);
  writeFileSync(join(folder, 'good'), buildFile(mrElements()));
  const script = fileURLToPath(new URL('./goThrough.mjs', import.meta.url));
  const printed = execFileSync(process.execPath, [script, hostile, join(folder, 'good')], { encoding: 'utf8' });
  const { outcomes, good, peakMiB } = JSON.parse(printed) as {
    outcomes: Record<string, Outcome>;
    good: number[];
    peakMiB: number;
  };

  it.each(files.map(({ name, header, frame }, index) => ({ name, header, frame, index })))(
    '$name: header $header, frame $frame',
    ({ index, header, frame }) => {
      expect(outcomes[nameOf(index)]).toMatchObject({ header, frame });
    },
  );

  it('leave the decoder able to read the next file', () => {
    expect(good).toEqual([0, 1, 2, 3]);
  });

  it('together never take more than 400 MB', () => {
    expect(peakMiB).toBeLessThan(400);
  });
});

describe('text that would do harm elsewhere', () => {
  it('comes out as it is, without control characters', () => {
    const name = '<script>alert(1)</script>^\x1b[31m\'; DROP TABLE "Study"; --\x00\x07{{7*7}}=\u202e';
    const { patient } = parseInstance(
      buildFile(mrElements({ '00080005': ['CS', 'ISO_IR 192'], '00100010': ['PN', Buffer.from(name)] })),
    );
    expect(patient.name).toBe('<script>alert(1)</script>^[31m\'; DROP TABLE "Study"; --{{7*7}}=\u202e');
  });
});
