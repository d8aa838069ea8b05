/** One of each pair of answers to the same thing: how often only one of the two was right. */
export type Discordant = { onlyFirst: number; onlySecond: number };

/**
 * McNemar's test, exact and two-sided: whether two models that answered the same things are equally often right. Only those
 * count on which one is right and the other is not; if the models are alike, each of the two is as likely (McNemar,
 * Psychometrika 1947;12:153; exact by the binomial distribution).
 * @returns p, 0–1; 1 where they never differ.
 */
export function mcnemar({ onlyFirst, onlySecond }: Discordant): number {
  const n = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  // Summed as logarithms: 2^-n is 0 as a number for n above 1074.
  let logTerm = -n * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= fewer; k++) {
    logTerm += Math.log((n - k + 1) / k);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, 2 * sum);
}
