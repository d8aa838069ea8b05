import type { LabelCounts } from './confusion.js';
import type { Estimate } from './estimate.js';
import { jackknife } from './jackknife.js';

/**
 * Positive predictive value: the share of findings of a label that would be right at another prevalence than in what
 * was reviewed, by Bayes' theorem (Altman and Bland, BMJ 1994;309:102). Its interval is a jackknife's over studies, as
 * F1's.
 * @returns null where sensitivity or specificity is not known, or neither finds anything.
 */
export function positivePredictiveValue(studies: readonly LabelCounts[], prevalence: number): Estimate | null {
  return overStudies(studies, (sums) => {
    const known = shares(sums);
    if (!known) return null;
    const right = known.sensitivity * prevalence;
    const wrong = (1 - known.specificity) * (1 - prevalence);
    return right + wrong > 0 ? right / (right + wrong) : null;
  });
}

/**
 * Negative predictive value: the share of all other answers that would rightly be free of the label; see
 * positivePredictiveValue.
 */
export function negativePredictiveValue(studies: readonly LabelCounts[], prevalence: number): Estimate | null {
  return overStudies(studies, (sums) => {
    const known = shares(sums);
    if (!known) return null;
    const right = known.specificity * (1 - prevalence);
    const wrong = (1 - known.sensitivity) * prevalence;
    return right + wrong > 0 ? right / (right + wrong) : null;
  });
}

function overStudies(studies: readonly LabelCounts[], figure: (sums: readonly number[]) => number | null) {
  return jackknife(counts(studies), figure, ([, present, , absent]) => (present as number) + (absent as number));
}

function counts(studies: readonly LabelCounts[]): number[][] {
  return studies.map(({ hits, called, present, total }) => [hits, present, called - hits, total - present]);
}

function shares([hits, present, falseAlarms, absent]: readonly number[]) {
  if (!present || !absent) return null;
  return { sensitivity: (hits as number) / present, specificity: 1 - (falseAlarms as number) / absent };
}
