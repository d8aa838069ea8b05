/** DICOM's DA "20260131" as "2026-01-31"; null where it is not a date of the calendar. */
export function isoDate(date: string | null): string | null {
  const [, year, month, day] = date?.match(/^(\d{4})\.?(\d{2})\.?(\d{2})$/) ?? [];
  const iso = `${year}-${month}-${day}`;
  // JavaScript turns 31 February into a day of March, so the result is compared with the input.
  const time = Date.parse(`${iso}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== iso ? null : iso;
}
