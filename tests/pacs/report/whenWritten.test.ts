import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { whenWritten } from '../../../src/pacs/report/whenWritten.js';
import type { Elements } from '../buildDicom.js';
import { sourceOf } from './sampleReport.js';

const MOMENT = new Date('2026-01-01T22:30:15.678Z');
const of = (elements: Elements) => whenWritten(MOMENT, sourceOf(elements));
const zone = (value: string): Elements => ({ '00080201': ['SH', value] });

describe('the time of a result', () => {
  it.each([
    ['+0530', { date: '20260102', time: '040015', offset: '+0530' }],
    ['-0330', { date: '20260101', time: '190015', offset: '-0330' }],
    ['+1400', { date: '20260102', time: '123015', offset: '+1400' }],
    ['+0000', { date: '20260101', time: '223015', offset: '+0000' }],
  ])('is in the zone that the source tells: %s', (offset, written) => {
    expect(of(zone(offset))).toEqual(written);
  });

  it.each(['', '-0000', '+1430', '-1230', '+0260', '0200', 'CET', '+02:00'])(
    'is in the zone of this server where that of the source is none: "%s"',
    (offset) => {
      expect(of(zone(offset))).toEqual(of({}));
      expect(of(zone(offset)).offset).toMatch(/^[+-]\d{4}$/);
    },
  );

  it.each([
    ['Asia/Kolkata', '2026-01-01T22:30:15Z', { date: '20260102', time: '040015', offset: '+0530' }],
    ['Europe/Berlin', '2026-01-31T12:00:00Z', { date: '20260131', time: '130000', offset: '+0100' }],
    ['Europe/Berlin', '2026-07-31T12:00:00Z', { date: '20260731', time: '140000', offset: '+0200' }],
    ['America/St_Johns', '2026-01-31T12:00:00Z', { date: '20260131', time: '083000', offset: '-0330' }],
  ])('is in that of this server at that moment: %s at %s', (TZ, moment, written) => {
    const program = fileURLToPath(new URL('../../../dist/pacs/report/whenWritten.js', import.meta.url));
    const source = { timezone: null, patientAndStudy: { StudyDate: '20260101', StudyTime: '120000' } };
    const script = `import { whenWritten } from ${JSON.stringify(program)};
      console.log(JSON.stringify(whenWritten(new Date('${moment}'), ${JSON.stringify(source)})));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      env: { ...process.env, TZ },
    });
    expect(JSON.parse(stdout)).toEqual(written);
  });

  it.each([
    ['20260103', '010203', { date: '20260103', time: '010203' }],
    ['20260101', '233016', { date: '20260101', time: '233016' }],
    ['20260101', '233015.5', { date: '20260101', time: '233015.5' }],
    ['20260102', '', { date: '20260102', time: '000000' }],
    ['20260101', '2340', { date: '20260101', time: '2340' }],
  ])('is that of a study that begins later: %s %s', (date, time, written) => {
    const source = { ...zone('+0100'), '00080020': ['DA', date], '00080030': ['TM', time] } as Elements;
    expect(of(source)).toEqual({ ...written, offset: '+0100' });
  });

  it.each([
    ['20260101', '233015'],
    ['20260101', '2330'],
    ['20260101', ''],
    ['', '235959'],
    ['20261399', '235959'],
    ['20260101', '995959'],
  ])('is its own beside a study that begins before, or nobody knows when: %s %s', (date, time) => {
    const source = { ...zone('+0100'), '00080020': ['DA', date], '00080030': ['TM', time] } as Elements;
    expect(of(source)).toEqual({ date: '20260101', time: '233015', offset: '+0100' });
  });
});
