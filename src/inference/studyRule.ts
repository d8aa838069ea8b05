/**
 * `normalLabel`: the one that means "nothing found". `surest`: the least probability of any finding in a finding's surest
 * slice. `absent`: "nothing found" is said only where that probability, the mean over any 10 mm of tissue, is below this;
 * `clear`: and where the normal label's, the mean over all places, is this at least.
 */
export type StudyRule = {
  normalLabel: string | undefined;
  surest?: number | undefined;
  absent?: number | undefined;
  clear?: number | undefined;
};
