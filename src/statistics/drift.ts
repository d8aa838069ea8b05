/** Sum and sum of squares of one value for each study, 0–1. */
export type Moments = { sum: number; squares: number };

/**
 * What a model answered to some studies, with one value for each study, so that long studies weigh as much as short
 * ones. `labels`: share of a study's answers with the label. `confidence`: mean of a study. `abstentions`: share of a
 * study.
 */
export type Sample = {
  studies: number;
  answers: number;
  labels: ReadonlyMap<string, Moments>;
  confidence: Moments;
  abstentions: Moments;
};

/** What has drifted. */
export type DriftReason = 'LABELS' | 'CONFIDENCE' | 'ABSTENTIONS';

/**
 * How far two samples differ. `labelDistance`: total variation distance. `confidenceShift`, `abstentionShift`:
 * differences of means.
 */
export type Comparison = {
  labelDistance: number;
  confidenceShift: number;
  abstentionShift: number;
  /** Null where there are too few studies to tell. */
  alarm: boolean | null;
  reasons: DriftReason[];
};

/** Least number of present studies. Fewer raise no alarm, and clear none. */
export const LEAST_STUDIES = 30;
/**
 * Sizes of the reference, by the number of all studies. It is the first quarter in doubling steps, and never fewer than
 * 100 studies.
 */
const REFERENCES = [
  { size: 800, from: 3200 },
  { size: 400, from: 1600 },
  { size: 200, from: 800 },
  { size: 100, from: 100 },
];
/** Least differences that matter: total variation distance, difference of means, difference of rates. */
const RELEVANT = { LABELS: 0.1, CONFIDENCE: 0.05, ABSTENTIONS: 0.1 };
/** Probability of any alarm, ever, for a model whose answers do not change, however often one looks. */
export const FALSE_ALARMS = 0.05;
/**
 * The shift for which the test is most powerful, in multiples of the least one that matters: larger shifts come first.
 */
const EXPECTED = 2;
const EACH = FALSE_ALARMS / Object.keys(RELEVANT).length / REFERENCES.length;

/** How many of a model's first studies are the reference; null while there are too few. */
export function referenceSize(studies: number): number | null {
  return REFERENCES.find(({ from }) => studies >= from)?.size ?? null;
}

/**
 * Compares the answers of `now` with those of `reference`. A difference is a reason for alarm when it is large enough
 * to matter and too large for chance, whenever one looks; see isBeyondChance.
 * @param labels all labels of the model.
 */
export function compareAnswers(now: Sample, reference: Sample, labels: readonly string[]): Comparison {
  const none = { sum: 0, squares: 0 };
  const ofLabels = labels.map((label) =>
    difference(now.labels.get(label) ?? none, reference.labels.get(label) ?? none, now, reference),
  );
  const confidence = difference(now.confidence, reference.confidence, now, reference);
  const abstentions = difference(now.abstentions, reference.abstentions, now, reference);
  const labelDistance = ofLabels.reduce((sum, { shift }) => sum + Math.abs(shift), 0) / 2;
  const reasons: DriftReason[] = [];
  const atLeast = (value: number, least: number) => Math.abs(value) >= least - 1e-12;
  if (atLeast(labelDistance, RELEVANT.LABELS))
    if (
      ofLabels.some((labelDifference) =>
        isBeyondChance(labelDifference, EXPECTED * RELEVANT.LABELS, EACH / labels.length),
      )
    )
      reasons.push('LABELS');
  if (
    atLeast(confidence.shift, RELEVANT.CONFIDENCE) &&
    isBeyondChance(confidence, EXPECTED * RELEVANT.CONFIDENCE, EACH)
  )
    reasons.push('CONFIDENCE');
  if (
    atLeast(abstentions.shift, RELEVANT.ABSTENTIONS) &&
    isBeyondChance(abstentions, EXPECTED * RELEVANT.ABSTENTIONS, EACH)
  )
    reasons.push('ABSTENTIONS');
  const enough = now.studies >= LEAST_STUDIES;
  return {
    labelDistance,
    confidenceShift: confidence.shift,
    abstentionShift: abstentions.shift,
    alarm: enough ? reasons.length > 0 : null,
    reasons: enough ? reasons : [],
  };
}

/** A difference of two means. `shift`: the difference. `variance`: its variance if nothing has changed. */
type MeanDifference = { shift: number; variance: number };

function difference(now: Moments, before: Moments, { studies }: Sample, reference: Sample): MeanDifference {
  const all = studies + reference.studies;
  const mean = (now.sum + before.sum) / all;
  // If nothing has changed, both samples are of one kind. Their spread is computed together, because a few similar
  // studies have none.
  const spread = Math.max(0, (now.squares + before.squares) / all - mean ** 2) * (all / (all - 1));
  return {
    shift: now.sum / studies - before.sum / reference.studies,
    variance: spread * (1 / studies + 1 / reference.studies),
  };
}

/**
 * Whether a difference of means is too large for chance: the mixture sequential probability ratio test (Robbins, Ann
 * Math Stat 1970;41:1397; Johari et al., Oper Res 2022;70:1806).
 * It compares the likelihood of shifts that are normal with deviation `expected` with that of no shift. While nothing
 * changes, this ratio is a martingale in the present studies, because the reference is fixed. So it ever exceeds 1 /
 * `chance` with at most that probability (Ville), and may be tested after each study. The bound rests on the
 * central limit theorem, and is not exact for every distribution.
 */
export function isBeyondChance({ shift, variance }: MeanDifference, expected: number, chance: number): boolean {
  if (variance === 0) return false;
  const wide = variance + expected ** 2;
  const logRatio = (shift ** 2 * expected ** 2) / (2 * variance * wide) - Math.log(wide / variance) / 2;
  return logRatio >= -Math.log(chance);
}
