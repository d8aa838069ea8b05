import type { LabelProbability } from './decide.js';

/**
 * What a study's answer is made of: a slice's verdict and its place. `position`: from 0, along the series' normal;
 * `location`: mm along it, null where it is not known. `probabilities`: none of a slice that failed.
 */
export type SliceVerdict = {
  sliceId: string;
  seriesId: string;
  position: number;
  location: number | null;
  status: 'CLASSIFIED' | 'ABSTAINED' | 'FAILED';
  label: string | null;
  confidence: number | null;
  probabilities: readonly LabelProbability[];
  abstentionReason: AbstentionReason | null;
};

/** `normalLabel`: the one that means "nothing found". `surest`: the least probability of any finding in a finding's surest slice. */
export type Rule = { normalLabel: string | undefined; surest?: number | undefined };

type AbstentionReason = 'LOW_CONFIDENCE' | 'OUT_OF_DISTRIBUTION' | 'NOT_A_BRAIN_MR';

/** `confidence`: mean calibrated probability of the label over the slices that the answer rests on. */
export type Finding = {
  label: string;
  confidence: number;
  abstained: boolean;
  abstentionReason: AbstentionReason | null;
  keySliceId: string | null;
  /** Those that the answer rests on. */
  sliceIds: string[];
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
/** Share of the slices that could be looked at which must have an answer, or for a finding at least be known ground. */
const ENOUGH = 0.5;

/**
 * The slices' verdicts as one answer:
 * 1. A finding needs a run of neighbouring slices of one series that all name it, at two places at least (two echoes of
 *    one place are one) and over 10 mm where places are known. An abstention counts in no run, and breaks it where it
 *    guesses another label. The run with the largest sum of confidences decides; its surest slice is the key.
 * 2. Where the only runs are shorter than that, or have no slice with `surest`, it abstains; the heaviest of them is its
 *    guess, and its key to look at.
 * 3. Without any run the answer is `normalLabel`; its key slice is the middle one of the surest series.
 * 4. Without either it abstains; the likeliest label is its guess. So it does where it says "nothing found" of fewer than
 *    half of the slices, and where more than half are unlike what the model was made from, whatever the others say.
 * A model without a `normalLabel` is answered by the label with the largest sum of confidences.
 * @returns null when no slice has a verdict.
 */
export function combine(verdicts: readonly SliceVerdict[], rule: Rule): Finding | null {
  const { normalLabel } = rule;
  const seen = verdicts.filter(({ status }) => status !== 'FAILED');
  const answers = seen.filter(isAnswer);
  if (seen.length === 0) return null;
  const { basis, sure } = decideBasis(seen, answers, rule) ?? {
    basis: likeliest(seen.filter(hasLabel)),
    sure: false,
  };
  if (basis.length === 0) return null;
  const key = basis.reduce((best, one) => (one.confidence > best.confidence ? one : best));
  // A tumour is seen where it is; that there is none has to be seen everywhere.
  const local = normalLabel !== undefined && key.label !== normalLabel;
  const enough = local ? seen.length - countUnknown(seen) : answers.length;
  const abstained = !sure || enough < seen.length * ENOUGH;
  return {
    label: key.label,
    confidence: basis.reduce((sum, { confidence }) => sum + confidence, 0) / basis.length,
    abstained,
    abstentionReason: abstained ? commonestReason(seen) : null,
    keySliceId: key.label === normalLabel ? middle(basis).sliceId : key.sliceId,
    sliceIds: basis.map(({ sliceId }) => sliceId),
    sliceCounts: count(answers),
  };
}

const hasLabel = (verdict: SliceVerdict): verdict is Answer => verdict.label !== null && verdict.confidence !== null;
const isAnswer = (verdict: SliceVerdict): verdict is Answer => verdict.status === 'CLASSIFIED' && hasLabel(verdict);

/** The answers that speak for the study's label, and whether they suffice; undefined when there are none. */
function decideBasis(
  seen: readonly SliceVerdict[],
  answers: Answer[],
  { normalLabel, surest = 0 }: Rule,
): { basis: Answer[]; sure: boolean } | undefined {
  if (normalLabel === undefined) return answers.length > 0 ? { basis: likeliest(answers), sure: true } : undefined;
  const runs = findRuns(seen.filter(hasLabel)).filter(
    (run) => run[0]?.label !== normalLabel && countPlaces(run) >= SHORTEST_RUN,
  );
  const reaches = ({ probabilities }: Answer) => 1 - probabilityOf(normalLabel, probabilities) >= surest;
  const enough = runs.filter((run) => extent(run) >= SHORTEST_EXTENT && run.some(reaches));
  const [found] = [...(enough.length > 0 ? enough : runs)].sort((a, b) => weight(b) - weight(a));
  if (found) return { basis: found, sure: enough.length > 0 };
  const normal = answers.filter(({ label }) => label === normalLabel);
  return normal.length > 0 ? { basis: normal, sure: true } : undefined;
}

const probabilityOf = (label: string, probabilities: readonly LabelProbability[]): number =>
  probabilities.find((one) => one.label === label)?.probability ?? 0;

function countUnknown(verdicts: readonly SliceVerdict[]): number {
  return verdicts.filter(({ abstentionReason: reason }) => reason !== null && reason !== 'LOW_CONFIDENCE').length;
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

/** The answers among neighbours of equal label, or guess, within a series. */
function findRuns(verdicts: Answer[]): Answer[][] {
  const runs: Answer[][] = [];
  const ordered = verdicts.toSorted((a, b) => a.seriesId.localeCompare(b.seriesId) || a.position - b.position);
  for (const verdict of ordered) {
    const previous = runs.at(-1)?.at(-1);
    if (previous?.seriesId === verdict.seriesId && previous.label === verdict.label) runs.at(-1)?.push(verdict);
    else runs.push([verdict]);
  }
  return runs.map((run) => run.filter(isAnswer)).filter((run) => run.length > 0);
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
