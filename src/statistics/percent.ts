const ROUNDING = 1e-9; // 0.57 * 1000 may end just below 570

/**
 * A probability in per cent, wherever it is told: one decimal, cut off and never rounded up, and never 100, for 99.96 % is no
 * certainty.
 */
export function percent(probability: number): string {
  return Math.min(Math.floor(probability * 1000 + ROUNDING) / 10, 99.9).toFixed(1);
}

export function inPercent(probability: number): string {
  return `${percent(probability)} %`;
}
