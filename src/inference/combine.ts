/**
 * What a study's answer is made of: a slice's verdict and its place. `position`: from 0, along the series' normal;
 * `location`: mm along it, null where it is not known.
 */
export type SliceVerdict = {
  sliceId: string;
  seriesId: string;
  position: number;
  location: number | null;
  status: 'CLASSIFIED' | 'ABSTAINED' | 'FAILED';
  label: string | null;
  confidence: number | null;
  abstentionReason: AbstentionReason | null;
};

type AbstentionReason = 'LOW_CONFIDENCE' | 'OUT_OF_DISTRIBUTION' | 'NOT_A_BRAIN_MR';

/** `confidence`: mean calibrated probability of the label over the slices that the answer rests on. */
export type Finding = {
  label: string;
  confidence: number;
  abstained: boolean;
  abstentionReason: AbstentionReason | null;
  keySliceId: string | null;
  sliceCounts: { label: string; count: number }[];
};

type Answer = SliceVerdict & { label: string; confidence: number };

/** A tumour crosses neighbouring slices; a single odd one is more likely an error. */
const SHORTEST_RUN = 2;
/**
 * mm from the first to the last slice of a run: an artefact spans several thin slices as it does one thick one. A tumour of
 * 100 mm² in a slice, the least that is measured for the card, is about 11 mm across.
 */
const SHORTEST_EXTENT = 10;
/** Of the slices that could be looked at, how many must have an answer for the study to have one. */
const ANSWERED_SHARE = 0.5;

/**
 * The slices' verdicts as one answer:
 * 1. A finding needs a run of neighbouring slices of one series that all name it, at two places at least (two echoes of
 *    one place are one) and over 10 mm where places are known. Abstentions neither break a run nor count in it. The run
 *    with the largest sum of confidences decides; its surest slice is the key.
 * 2. Where the only runs are shorter than that, it abstains; the heaviest of them is its guess, and its key to look at.
 * 3. Without any run the answer is `normalLabel`; its key slice is the middle one of the surest series.
 * 4. Without either, or when fewer than half of the slices were answered, it abstains; the likeliest label is its guess.
 * A model without a `normalLabel` is answered by the label with the largest sum of confidences.
 * @returns null when no slice has a verdict.
 */
export function combine(verdicts: readonly SliceVerdict[], normalLabel: string | undefined): Finding | null {
  const seen = verdicts.filter(({ status }) => status !== 'FAILED');
  const answers = seen.filter(isAnswer);
  if (seen.length === 0) return null;
  const { basis, sure } = decideBasis(answers, normalLabel) ?? { basis: likeliest(seen.filter(hasLabel)), sure: false };
  if (basis.length === 0) return null;
  const abstained = !sure || answers.length < seen.length * ANSWERED_SHARE;
  const key = basis.reduce((best, one) => (one.confidence > best.confidence ? one : best));
  return {
    label: key.label,
    confidence: basis.reduce((sum, { confidence }) => sum + confidence, 0) / basis.length,
    abstained,
    abstentionReason: abstained ? commonestReason(seen) : null,
    keySliceId: key.label === normalLabel ? middle(basis).sliceId : key.sliceId,
    sliceCounts: count(answers),
  };
}

const hasLabel = (verdict: SliceVerdict): verdict is Answer => verdict.label !== null && verdict.confidence !== null;
const isAnswer = (verdict: SliceVerdict): verdict is Answer => verdict.status === 'CLASSIFIED' && hasLabel(verdict);

/** The answers that speak for the study's label, and whether they suffice; undefined when there are none. */
function decideBasis(
  answers: Answer[],
  normalLabel: string | undefined,
): { basis: Answer[]; sure: boolean } | undefined {
  if (normalLabel === undefined) return answers.length > 0 ? { basis: likeliest(answers), sure: true } : undefined;
  const runs = findRuns(answers).filter((run) => run[0]?.label !== normalLabel && countPlaces(run) >= SHORTEST_RUN);
  const long = runs.filter((run) => extent(run) >= SHORTEST_EXTENT);
  const [found] = [...(long.length > 0 ? long : runs)].sort((a, b) => weight(b) - weight(a));
  if (found) return { basis: found, sure: long.length > 0 };
  const normal = answers.filter(({ label }) => label === normalLabel);
  return normal.length > 0 ? { basis: normal, sure: true } : undefined;
}

/** Of the slices that have none, answers that contradict one another are a lack of confidence, too. */
function commonestReason(verdicts: readonly SliceVerdict[]): AbstentionReason {
  const reasons = verdicts.map(({ abstentionReason }) => abstentionReason ?? 'LOW_CONFIDENCE');
  const count = (reason: AbstentionReason) => reasons.filter((one) => one === reason).length;
  return reasons.reduce((best, one) => (count(one) > count(best) ? one : best), 'LOW_CONFIDENCE' as AbstentionReason);
}

function countPlaces(run: Answer[]): number {
  return new Set(run.map(({ location, position }) => location ?? `position ${position}`)).size;
}

/** mm from the first to the last slice; without end where a place is not known. */
function extent(run: Answer[]): number {
  const places = run.map(({ location }) => location ?? Number.NaN);
  return places.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...places) - Math.min(...places);
}

/** Neighbours of equal label within a series, abstentions between them left out. */
function findRuns(answers: Answer[]): Answer[][] {
  const runs: Answer[][] = [];
  const ordered = answers.toSorted((a, b) => a.seriesId.localeCompare(b.seriesId) || a.position - b.position);
  for (const answer of ordered) {
    const previous = runs.at(-1)?.at(-1);
    if (previous?.seriesId === answer.seriesId && previous.label === answer.label) runs.at(-1)?.push(answer);
    else runs.push([answer]);
  }
  return runs;
}

/** The verdicts of the label with the largest sum of confidences. */
function likeliest(verdicts: Answer[]): Answer[] {
  return heaviest(groupBy(verdicts, ({ label }) => label));
}

function heaviest(groups: Map<string, Answer[]>): Answer[] {
  return [...groups.values()].reduce((best, group) => (weight(group) > weight(best) ? group : best), []);
}

function weight(verdicts: readonly Answer[]): number {
  return verdicts.reduce((sum, { confidence }) => sum + confidence, 0);
}

function middle(verdicts: Answer[]): Answer {
  const surest = heaviest(groupBy(verdicts, ({ seriesId }) => seriesId)).toSorted((a, b) => a.position - b.position);
  return surest[Math.floor(surest.length / 2)] as Answer;
}

function count(answers: Answer[]): { label: string; count: number }[] {
  return [...groupBy(answers, ({ label }) => label)].map(([label, group]) => ({ label, count: group.length }));
}

function groupBy(answers: Answer[], key: (answer: Answer) => string): Map<string, Answer[]> {
  const groups = new Map<string, Answer[]>();
  for (const answer of answers) groups.set(key(answer), [...(groups.get(key(answer)) ?? []), answer]);
  return groups;
}
