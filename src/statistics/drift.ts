/** Sum and sum of squares of one value a study, 0–1. */
export type Moments = { sum: number; squares: number };

/**
 * What a model answered to some studies: of each label the share of a study's answers that have it, of confidences a study's
 * mean, of abstentions a study's share. One value a study, so that long studies weigh as much as short ones.
 */
export type Sample = {
  studies: number;
  answers: number;
  labels: ReadonlyMap<string, Moments>;
  confidence: Moments;
  abstentions: Moments;
};

export type DriftReason = 'LABELS' | 'CONFIDENCE' | 'ABSTENTIONS';

export type Comparison = {
  labelDistance: number;
  confidenceShift: number;
  abstentionShift: number;
  /** null where there are too few studies to tell. */
  alarm: boolean | null;
  reasons: DriftReason[];
};

/** Fewer studies now raise no alarm, and clear none. */
export const LEAST_STUDIES = 30;
/** Of studies, from as many in all: the reference is the first quarter in doubling steps, never fewer than 100. */
const REFERENCES = [
  { size: 800, from: 3200 },
  { size: 400, from: 1600 },
  { size: 200, from: 800 },
  { size: 100, from: 100 },
];
/** Total variation distance; difference of means; difference of rates. */
const RELEVANT = { LABELS: 0.1, CONFIDENCE: 0.05, ABSTENTIONS: 0.1 };
/** The chance of any alarm, ever, at a model whose answers do not change, however often one looks. */
export const FALSE_ALARMS = 0.05;
/** The shift that the test is most powerful for, in units of the least one that matters: larger ones come first. */
const EXPECTED = 2;
const EACH = FALSE_ALARMS / Object.keys(RELEVANT).length / REFERENCES.length;

/** How many of a model's first studies the others are held against; null while there are too few. */
export function referenceSize(studies: number): number | null {
  return REFERENCES.find(({ from }) => studies >= from)?.size ?? null;
}

/**
 * How far the answers of `now` are from those of `reference`. A difference is a reason for alarm when it is large enough to
 * matter and too large for chance, at whatever moment one looks: see isBeyondChance. `labels`: of the model, all of them.
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

/** `shift`: of the means; `variance`: of that, if nothing has changed. */
type MeanDifference = { shift: number; variance: number };

function difference(now: Moments, before: Moments, { studies }: Sample, reference: Sample): MeanDifference {
  const all = studies + reference.studies;
  const mean = (now.sum + before.sum) / all;
  // Both are of one kind if nothing has changed, so their spread is taken together: a few alike studies have none.
  const spread = Math.max(0, (now.squares + before.squares) / all - mean ** 2) * (all / (all - 1));
  return {
    shift: now.sum / studies - before.sum / reference.studies,
    variance: spread * (1 / studies + 1 / reference.studies),
  };
}

/**
 * The mixture sequential probability ratio test of two means (Robbins, Ann Math Stat 1970;41:1397; Johari et al., Oper Res
 * 2022;70:1806): the likelihood of shifts that are normal with deviation `expected`, over that of none. While nothing
 * changes that ratio is a martingale in the studies of now, for the reference stays: it passes 1 / `chance` ever with at
 * most that chance (Ville), so it may be looked at after each study. By the central limit theorem, not for any distribution.
 */
export function isBeyondChance({ shift, variance }: MeanDifference, expected: number, chance: number): boolean {
  if (variance === 0) return false;
  const wide = variance + expected ** 2;
  const logRatio = (shift ** 2 * expected ** 2) / (2 * variance * wide) - Math.log(wide / variance) / 2;
  return logRatio >= -Math.log(chance);
}
