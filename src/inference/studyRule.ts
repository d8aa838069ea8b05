/**
 * How predictions of slices become a finding.
 * `normalLabel`: the label that means "nothing found". `surest`: least probability of any finding in the surest slice
 * of a finding.
 * `absent`: "nothing found" needs the mean probability of any finding over any 10 mm of tissue to be below this.
 * `clear`: it also needs the mean probability of the normal label over all places to be at least this.
 */
export type StudyRule = {
  normalLabel: string | undefined;
  surest?: number | undefined;
  absent?: number | undefined;
  clear?: number | undefined;
};
