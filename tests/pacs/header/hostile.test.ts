import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { InvalidDicom } from '../../../src/errors/errors.js';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { buildFile, mrElements } from '../buildDicom.js';
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
  const script = fileURLToPath(new URL('../goThrough.mjs', import.meta.url));
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
  it('comes out of a name as it is, without control characters', () => {
    const name = '<script>alert(1)</script>^\x1b[31m\'; DROP TABLE "Study"; --\x00\x07{{7*7}}=\u202e';
    const { patient } = parseInstance(
      buildFile(mrElements({ '00080005': ['CS', 'ISO_IR 192'], '00100010': ['PN', Buffer.from(name)] })),
    );
    expect(patient.name).toBe('<script>alert(1)</script>^[31m\'; DROP TABLE "Study"; --{{7*7}}=\u202e');
  });

  it.each(['1.2.7\n7', '1.2.7\0 7', '1.2.77\\9.9', '1.2\x1b.77', '\n1.2.77', ' 1.2.77', '1.2.77\0\n', '1.2.77\t'])(
    'is no UID: %j',
    (uid) => {
      for (const tag of ['00080016', '00080018', '0020000D', '0020000E'])
        expect(() => parseInstance(buildFile(mrElements({ [tag]: ['UI', uid] })))).toThrow(InvalidDicom);
    },
  );

  it.each(['1.2.77\0', '1.2.77 ', '1.2.77\0\0', '1.2.77 \0 '])('is a UID with its padding: %j', (uid) => {
    const { studyInstanceUid } = parseInstance(buildFile(mrElements({ '0020000D': ['UI', uid] })));
    expect(studyInstanceUid).toBe('1.2.77');
  });

  it.each([
    ['A1', 'A\n1'],
    ['A1', 'A1\\B2'],
    ['A1', 'A\x001'],
    ['A1', 'A1\t'],
  ])('are two values: %j and %j', (one, other) => {
    const read = (value: string) => {
      const elements = { '00100020': ['LO', value], '00080050': ['SH', value] } as const;
      const { patient, accessionNumber } = parseInstance(buildFile(mrElements(elements as never)));
      return [patient.id, accessionNumber];
    };
    expect(read(one)).not.toEqual(read(other));
  });
});
