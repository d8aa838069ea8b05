// Whether the figures of evaluation and comparison keep their word: how often a 95 % interval holds the true value, and how
// often McNemar's test finds a difference where there is none, by simulation with studies whose slices are alike.
//   npm run bench -- statistics > docs/statistics.txt

import { randomNumbers } from '../dist/sample/noise.js';
import { f1 } from '../dist/statistics/confusion.js';
import { mcnemar } from '../dist/statistics/mcnemar.js';
import { proportion } from '../dist/statistics/wilson.js';

const ROUNDS = 2000;
const STUDIES = [2, 3, 5, 10, 30, 100];
const random = randomNumbers(7);

/** Standard normal (Box and Muller). */
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Gamma with this shape (Marsaglia and Tsang, ACM Trans Math Softw 2000;26:363). */
function gamma(shape) {
  if (shape < 1) return gamma(shape + 1) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const x = normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** A study's own probability: mean `mean`, intraclass correlation `alike`. */
function ownProbability(mean, alike) {
  const sum = (1 - alike) / alike;
  const [one, other] = [gamma(mean * sum), gamma((1 - mean) * sum)];
  return one / (one + other);
}

const hitsOf = (count, probability) => {
  let hits = 0;
  for (let at = 0; at < count; at++) if (random() < probability) hits++;
  return hits;
};

const SIZES = {
  '20 slices each': () => 20,
  '20, and 200 in 15 %': () => (random() < 0.15 ? 200 : 20),
  'unequal (log-normal)': () => Math.max(1, Math.round(Math.exp(1.2 * normal() + 2.5))),
  'one slice each': () => 1,
};
const CASES = [
  { mean: 0.9, alike: 0.3 },
  { mean: 0.7, alike: 0.5 },
  { mean: 0.95, alike: 0.1 },
];

const row = (cells) => console.log(cells.map((cell, at) => String(cell).padEnd(at < 2 ? 24 : 9)).join(''));
const percent = (share) => `${(100 * share).toFixed(1)} %`;

console.log(
  `Coverage of 95 % intervals, ${ROUNDS} rounds each; studies in the columns; without bounds counts as covered.\n`,
);
for (const [what, interval] of [
  ['a proportion', (studies) => proportion(studies)],
  [
    'F1',
    (studies) => f1(studies.map(({ hits, count }) => ({ hits, called: count, present: count, total: 2 * count }))),
  ],
]) {
  row([what, 'slices of a study', ...STUDIES]);
  for (const { mean, alike } of CASES)
    for (const [name, size] of Object.entries(SIZES)) {
      const shares = STUDIES.map((count) => {
        let covered = 0;
        for (let round = 0; round < ROUNDS; round++) {
          const studies = Array.from({ length: count }, () => {
            const slices = size();
            return { hits: hitsOf(slices, ownProbability(mean, alike)), count: slices };
          });
          const found = interval(studies);
          if (found === null || found.low === null || (found.low <= mean && mean <= found.high)) covered++;
        }
        return percent(covered / ROUNDS);
      });
      row([`${mean}, alike ${alike}`, name, ...shares]);
    }
  console.log('');
}

console.log("False positives of McNemar's test at 5 %: two models equally often right, each better in some studies.\n");
row(['', 'slices of a study', ...STUDIES]);
for (const [name, size] of Object.entries(SIZES)) {
  const shares = STUDIES.map((count) => {
    let found = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const studies = Array.from({ length: count }, () => {
        const slices = size();
        const discordant = hitsOf(slices, 0.3);
        const onlyFirst = hitsOf(discordant, ownProbability(0.5, 0.5));
        return { onlyFirst, onlySecond: discordant - onlyFirst };
      });
      if (mcnemar(studies) < 0.05) found++;
    }
    return percent(found / ROUNDS);
  });
  row(['', name, ...shares]);
}
