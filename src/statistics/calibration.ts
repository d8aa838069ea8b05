const BINS = 15;

/** An answer's confidence, 0–1, and whether the answer was right. */
export type ScoredAnswer = { confidence: number; right: boolean };

/** One bin: `from` ≤ confidence < `to`; the last bin includes its upper end. Figures of an empty bin are null. */
export type Bin = { from: number; to: number; count: number; meanConfidence: number | null; accuracy: number | null };

/**
 * Compares confidence with accuracy in 15 bins of equal width. `ece`: the mean gap weighted by the bins' counts, which
 * is the expected calibration error (Guo et al., ICML 2017), as in the model's card; null without answers.
 */
export function calibrate(answers: readonly ScoredAnswer[]): { ece: number | null; bins: Bin[] } {
  const binned: ScoredAnswer[][] = Array.from({ length: BINS }, () => []);
  for (const answer of answers) binned[Math.min(Math.floor(answer.confidence * BINS), BINS - 1)]?.push(answer);
  const bins = binned.map(summarise);
  const gaps = bins.map(
    ({ count, meanConfidence, accuracy }) => count * Math.abs((meanConfidence ?? 0) - (accuracy ?? 0)),
  );
  return { ece: answers.length > 0 ? sum(gaps) / answers.length : null, bins };
}

function summarise(answers: readonly ScoredAnswer[], index: number): Bin {
  const count = answers.length;
  return {
    from: index / BINS,
    to: (index + 1) / BINS,
    count,
    meanConfidence: count > 0 ? sum(answers.map(({ confidence }) => confidence)) / count : null,
    accuracy: count > 0 ? answers.filter(({ right }) => right).length / count : null,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
