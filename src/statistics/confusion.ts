import type { ReviewedAnswer } from './consensus.js';
import type { Estimate } from './estimate.js';
import { groupBy } from './groupBy.js';
import { jackknife } from './jackknife.js';
import { proportion, type Share } from './wilson.js';

/** A reviewed answer on whose truth the readers agree. */
export type Judged = ReviewedAnswer & { truth: string };

/**
 * Counts of one label against all others, within one study. `hits`: called and present. `called`: answers with the
 * label. `present`: truths with it. `total`: all answers.
 */
export type LabelCounts = { hits: number; called: number; present: number; total: number };

/** The confusion matrix: counts of each truth (rows) and answer (columns), in the order of `labels`. */
export function confusionMatrix(judged: readonly Judged[], labels: readonly string[]): number[][] {
  const counts = labels.map(() => labels.map(() => 0));
  const place = new Map(labels.map((label, index) => [label, index]));
  for (const { truth, label } of judged) {
    const row = counts[place.get(truth) as number] as number[];
    const column = place.get(label) as number;
    row[column] = (row[column] as number) + 1;
  }
  return counts;
}

/** Share of right answers, with studies as clusters; null without answers. */
export function accuracy(judged: readonly Judged[]): Estimate | null {
  return proportion(
    byStudy(judged).map((study) => ({
      hits: study.filter(({ truth, label }) => truth === label).length,
      count: study.length,
    })),
  );
}

/** Counts of one label, one entry for each study. */
export function countLabel(judged: readonly Judged[], label: string): LabelCounts[] {
  return byStudy(judged).map((study) => ({
    hits: study.filter((answer) => answer.truth === label && answer.label === label).length,
    called: study.filter((answer) => answer.label === label).length,
    present: study.filter((answer) => answer.truth === label).length,
    total: study.length,
  }));
}

/** Positive predictive value among what was reviewed. */
export const precision = (studies: readonly LabelCounts[]) =>
  proportion(studies.map(({ hits, called }): Share => ({ hits, count: called })));

/** Sensitivity: share of what is present that was found. */
export const recall = (studies: readonly LabelCounts[]) =>
  proportion(studies.map(({ hits, present }): Share => ({ hits, count: present })));

/** Share of what is absent that was not called. */
export const specificity = (studies: readonly LabelCounts[]) =>
  proportion(
    studies.map(({ hits, called, present, total }): Share => {
      const absent = total - present;
      return { hits: absent - (called - hits), count: absent };
    }),
  );

/** The harmonic mean of precision and recall. It is not a proportion of anything, so its interval is a jackknife's. */
export function f1(studies: readonly LabelCounts[]): Estimate | null {
  const counts = studies.map(({ hits, called, present }) => [hits, called + present]);
  const figure = ([hits, either]: readonly number[]) => (either ? (2 * (hits as number)) / either : null);
  return jackknife(counts, figure, ([, either]) => either as number);
}

function byStudy(judged: readonly Judged[]): Judged[][] {
  return [...groupBy(judged, ({ studyId }) => studyId).values()];
}
