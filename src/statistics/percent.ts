const ROUNDING = 1e-9; // 0.57 * 1000 may end just below 570

/**
 * A probability in per cent, with one decimal that is cut off and never rounded up. It is never 100, because 99.96 % is
 * not a certainty.
 */
export function percent(probability: number): string {
  return Math.min(Math.floor(probability * 1000 + ROUNDING) / 10, 99.9).toFixed(1);
}

/** The same, with the sign: "99.9 %". */
export function inPercent(probability: number): string {
  return `${percent(probability)} %`;
}
