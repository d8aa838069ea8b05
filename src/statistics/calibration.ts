const BINS = 15;

/** What the model said of its surety, and whether it was right. */
export type ScoredAnswer = { confidence: number; right: boolean };

/** `from` ≤ confidence < `to`, in the last bin ≤; figures are null for an empty one. */
export type Bin = { from: number; to: number; count: number; meanConfidence: number | null; accuracy: number | null };

/**
 * Confidence against accuracy: 15 bins of equal width, and the mean gap weighted by the bins' counts, the expected
 * calibration error (Guo et al., ICML 2017), as the model's card has it.
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
