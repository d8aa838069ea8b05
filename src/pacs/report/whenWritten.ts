import type { SourceHeader } from './sourceHeader.js';

/**
 * Date (DA) and time (TM) of writing. `offset`: Timezone Offset From UTC (0008,0201) of every date and time in the
 * object.
 */
export type WrittenAt = { date: string; time: string; offset: string };

/**
 * Date and time of writing, in the time zone of the source's dates and times, or in this server's zone where the source
 * has none.
 * A result is never earlier than its study: where the scanner's clock is ahead of ours, the study's date and time are
 * used.
 */
export function whenWritten(moment: Date, { timezone, patientAndStudy }: SourceHeader): WrittenAt {
  const offset = timezone ?? offsetHere(moment);
  const [date, time] = inZone(moment, offset);
  const { StudyDate = '', StudyTime = '' } = patientAndStudy;
  const begun = StudyDate !== '' && `${date}${paddedTime(time)}` < `${StudyDate}${paddedTime(StudyTime)}`;
  return begun ? { date: StudyDate, time: StudyTime || '000000', offset } : { date, time, offset };
}

function inZone(moment: Date, offset: string): [date: string, time: string] {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3));
  const shifted = new Date(moment.getTime() + (offset.startsWith('-') ? -minutes : minutes) * 60_000);
  const [date = '', time = ''] = shifted.toISOString().replace(/[-:]/g, '').split('T');
  return [date, time.slice(0, 6)];
}

/** This server's offset at `moment`, summer time included. */
function offsetHere(moment: Date): string {
  const east = -Math.round(moment.getTimezoneOffset());
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  return `${east < 0 ? '-' : '+'}${twoDigits(Math.floor(Math.abs(east) / 60))}${twoDigits(Math.abs(east) % 60)}`;
}

/** A TM padded to full length. TM may leave out minutes, seconds and fractions (PS3.5 6.2). */
function paddedTime(time: string): string {
  const [seconds = '', fraction = ''] = time.split('.');
  return `${seconds.padEnd(6, '0')}.${fraction.padEnd(6, '0')}`;
}
