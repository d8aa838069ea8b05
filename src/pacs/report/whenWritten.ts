import type { SourceHeader } from './sourceHeader.js';

/** As DA and TM, and the Timezone Offset From UTC (0008,0201) of all dates and times of the object, the study's among them. */
export type WrittenAt = { date: string; time: string; offset: string };

/**
 * When an object is written, in the time zone of the source's dates and times: where the source tells none, in that of this
 * server. A scanner's clock may be ahead of ours, or its zone another: no result is earlier than its study, then.
 */
export function whenWritten(moment: Date, { timezone, patientAndStudy }: SourceHeader): WrittenAt {
  const offset = timezone ?? offsetHere(moment);
  const [date, time] = inZone(moment, offset);
  const { StudyDate = '', StudyTime = '' } = patientAndStudy;
  const begun = StudyDate !== '' && `${date}${wholeTime(time)}` < `${StudyDate}${wholeTime(StudyTime)}`;
  return begun ? { date: StudyDate, time: StudyTime || '000000', offset } : { date, time, offset };
}

function inZone(moment: Date, offset: string): [date: string, time: string] {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3));
  const shifted = new Date(moment.getTime() + (offset.startsWith('-') ? -minutes : minutes) * 60_000);
  const [date = '', time = ''] = shifted.toISOString().replace(/[-:]/g, '').split('T');
  return [date, time.slice(0, 6)];
}

/** This server's own, summer time included where it was in force at that moment. */
function offsetHere(moment: Date): string {
  const east = -Math.round(moment.getTimezoneOffset());
  const two = (value: number) => String(value).padStart(2, '0');
  return `${east < 0 ? '-' : '+'}${two(Math.floor(Math.abs(east) / 60))}${two(Math.abs(east) % 60)}`;
}

/** TM may leave out minutes, seconds and fractions (PS3.5 6.2). */
function wholeTime(time: string): string {
  const [seconds = '', fraction = ''] = time.split('.');
  return `${seconds.padEnd(6, '0')}.${fraction.padEnd(6, '0')}`;
}
