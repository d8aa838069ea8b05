/**
 * The logarithm of the sum of exponentials. The largest value is subtracted first, so that no exponential overflows.
 */
export function logSumExp(values: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) largest = Math.max(largest, values[index] as number);
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += Math.exp((values[index] as number) - largest);
  return largest + Math.log(sum);
}
