/** Coefficients of Lanczos' approximation of the gamma function (g = 5, n = 6), with an error below 2e-10. */
const LANCZOS = [
  76.18009172947146, -86.50532032941678, 24.01409824083091, -1.231739572450155, 0.001208650973866179,
  -0.000005395239384953,
];
const STEPS = 200;

/**
 * The 97.5 % quantile of Student's t, which bounds a two-sided 95 % interval, for any positive number of degrees of
 * freedom.
 */
export function studentQuantile(degrees: number): number {
  let [low, high] = [0, 1];
  while (below(high, degrees) < 0.975) high *= 2;
  for (let step = 0; step < STEPS && high - low > 1e-12 * high; step++) {
    const middle = (low + high) / 2;
    if (below(middle, degrees) < 0.975) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Probability that t is below `value` ≥ 0 (Abramowitz and Stegun 26.7.1). */
function below(value: number, degrees: number): number {
  return 1 - incompleteBeta(degrees / 2, 0.5, degrees / (degrees + value ** 2)) / 2;
}

/** Regularised incomplete beta function (Abramowitz and Stegun 26.5.8, its continued fraction by Lentz's method). */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(a, b, x)) / a : 1 - (front * fraction(b, a, 1 - x)) / b;
}

function fraction(a: number, b: number, x: number): number {
  const away = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    for (const term of [even, odd]) {
      d = 1 / away(1 + term * d);
      c = away(1 + term / c);
      result *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-14) break;
  }
  return result;
}

function logGamma(z: number): number {
  const t = z + 5.5;
  const series = LANCZOS.reduce((sum, coefficient, at) => sum + coefficient / (z + at + 1), 1.000000000190015);
  return (z + 0.5) * Math.log(t) - t + Math.log((2.5066282746310007 * series) / z);
}
