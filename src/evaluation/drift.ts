/** What a model answered over a time: shares of the likeliest labels, abstentions among them. */
export type Mix = {
  studies: number;
  answers: number;
  labels: readonly { label: string; share: number }[];
  meanConfidence: number;
  /** Standard deviation of the confidences. */
  spread: number;
  abstentionRate: number;
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

/** Fewer studies on either side raise no alarm, and clear none. */
export const LEAST_STUDIES = 30;
/** Total variation distance; difference of means; difference of rates. */
const RELEVANT = { LABELS: 0.1, CONFIDENCE: 0.05, ABSTENTIONS: 0.1 };
/** Standard normal, two-sided and one-sided 0.1 %. */
const Z_TWO_SIDED = 3.2905;
const Z_ONE_SIDED = 3.0902;

/**
 * How far the answers of `now` are from those of `reference`. A difference is a reason for alarm when it is large enough to
 * matter and too large for chance (p < 0.001). For chance the number of studies counts, not of slices: as if all slices of
 * a study were alike, which errs on the quiet side.
 */
export function compare(now: Mix, reference: Mix): Comparison {
  const labelDistance = totalVariation(now, reference);
  const confidenceShift = now.meanConfidence - reference.meanConfidence;
  const abstentionShift = now.abstentionRate - reference.abstentionRate;
  const enough = Math.min(now.studies, reference.studies) >= LEAST_STUDIES;
  const reasons: DriftReason[] = [];
  if (labelDistance >= RELEVANT.LABELS && labelsDiffer(now, reference)) reasons.push('LABELS');
  const confidenceError = Math.hypot(
    now.spread / Math.sqrt(now.studies),
    reference.spread / Math.sqrt(reference.studies),
  );
  if (Math.abs(confidenceShift) >= RELEVANT.CONFIDENCE && Math.abs(confidenceShift) > Z_TWO_SIDED * confidenceError)
    reasons.push('CONFIDENCE');
  if (Math.abs(abstentionShift) >= RELEVANT.ABSTENTIONS && ratesDiffer(now, reference)) reasons.push('ABSTENTIONS');
  return {
    labelDistance,
    confidenceShift,
    abstentionShift,
    alarm: enough ? reasons.length > 0 : null,
    reasons: enough ? reasons : [],
  };
}

/** 0 for equal shares, 1 where no label is in both: the share of answers that would have to change. */
export function totalVariation(a: Pick<Mix, 'labels'>, b: Pick<Mix, 'labels'>): number {
  return pairs(a, b).reduce((sum, [one, other]) => sum + Math.abs(one - other), 0) / 2;
}

/** Pearson's χ² test of homogeneity, each study one observation. */
function labelsDiffer(a: Mix, b: Mix): boolean {
  const both = pairs(a, b);
  const scale = 1 / (1 / a.studies + 1 / b.studies);
  const statistic = both.reduce((sum, [one, other]) => {
    const pooled = (one * a.studies + other * b.studies) / (a.studies + b.studies);
    return pooled > 0 ? sum + ((one - other) ** 2 / pooled) * scale : sum;
  }, 0);
  return statistic > chiSquareQuantile(both.length - 1);
}

/** 99.9 %, by Wilson and Hilferty's approximation (PNAS 1931;17:684): 2 % above the exact one for 3 degrees of freedom. */
export function chiSquareQuantile(degrees: number): number {
  if (degrees < 1) return Number.POSITIVE_INFINITY;
  const ninth = 2 / (9 * degrees);
  return degrees * (1 - ninth + Z_ONE_SIDED * Math.sqrt(ninth)) ** 3;
}

function ratesDiffer(a: Mix, b: Mix): boolean {
  const pooled = (a.abstentionRate * a.studies + b.abstentionRate * b.studies) / (a.studies + b.studies);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / a.studies + 1 / b.studies));
  return Math.abs(a.abstentionRate - b.abstentionRate) > Z_TWO_SIDED * error;
}

/** The shares of every label that either has. */
function pairs(a: Pick<Mix, 'labels'>, b: Pick<Mix, 'labels'>): [number, number][] {
  const [one, other] = [a, b].map(({ labels }) => new Map(labels.map(({ label, share }) => [label, share])));
  const all = new Set([...(one as Map<string, number>).keys(), ...(other as Map<string, number>).keys()]);
  return [...all].map((label) => [one?.get(label) ?? 0, other?.get(label) ?? 0]);
}
