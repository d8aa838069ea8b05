// How often the alarm of drift sounds where nothing has changed, and where something has, by simulation with a look after
// every study. Where 15 % of the studies are long, they have ten times as many slices; the slices of a study are alike.
//   npm run bench -- drift > docs/drift.txt

import { randomNumbers } from '../dist/sample/noise.js';
import { compareAnswers, FALSE_ALARMS, LEAST_STUDIES, referenceSize } from '../dist/statistics/drift.js';

const ROUNDS = 500;
const MOST = 4000; // studies in all
const LABELS = ['glioma', 'meningioma', 'no_tumor', 'pituitary'];
const random = randomNumbers(11);

/** Standard normal (Box and Muller). */
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

function draw(shares) {
  let left = random();
  for (const [at, share] of shares.entries()) {
    left -= share;
    if (left < 0) return at;
  }
  return shares.length - 1;
}

/** One study's values: of each label the share of its answers, mean confidence, share of abstentions. */
function study({ unit, shares, confidence, abstained, long }) {
  if (unit === 'STUDIES') {
    const label = draw(shares);
    const own = Math.min(1, Math.max(0, confidence + 0.12 * normal()));
    return {
      labels: LABELS.map((_, at) => (at === label ? 1 : 0)),
      confidence: own,
      abstained: random() < abstained ? 1 : 0,
    };
  }
  const slices = random() < long ? 200 : 20;
  // Slices of a study are alike: half of them are of the study's own label, the rest of any.
  const own = draw(shares);
  const counts = LABELS.map(() => 0);
  const alike = random() < abstained ? 0.8 : 0.05; // abstentions come in studies, too
  let without = 0;
  for (let slice = 0; slice < slices; slice++) {
    counts[random() < 0.5 ? own : draw(shares)]++;
    if (random() < alike) without++;
  }
  const mean = Math.min(1, Math.max(0, confidence + 0.1 * normal() + (0.1 * normal()) / Math.sqrt(slices)));
  return { labels: counts.map((count) => count / slices), confidence: mean, abstained: without / slices };
}

const sums = () => ({
  studies: 0,
  answers: 0,
  labels: new Map(LABELS.map((label) => [label, { sum: 0, squares: 0 }])),
  confidence: { sum: 0, squares: 0 },
  abstentions: { sum: 0, squares: 0 },
});
function add(sample, one) {
  const put = (moments, value) => {
    moments.sum += value;
    moments.squares += value ** 2;
  };
  sample.studies++;
  for (const [at, label] of LABELS.entries()) put(sample.labels.get(label), one.labels[at]);
  put(sample.confidence, one.confidence);
  put(sample.abstentions, one.abstained);
}

/** Whether a model's alarm sounds at any of the looks after each of its studies, none of which is of another world. */
function everAlarms(world) {
  const all = [];
  let [reference, now, size] = [sums(), sums(), 0];
  while (all.length < MOST) {
    const one = study(world);
    all.push(one);
    const wanted = referenceSize(all.length);
    if (wanted === null) continue;
    if (wanted === size) add(now, one);
    else {
      [reference, now, size] = [sums(), sums(), wanted];
      for (const [place, each] of all.entries()) add(place < size ? reference : now, each);
    }
    if (now.studies >= LEAST_STUDIES && compareAnswers(now, reference, LABELS).alarm) return true;
  }
  return false;
}

const percent = (part) => `${(100 * part).toFixed(1)} %`.padStart(9);
const BASE = { shares: [0.12, 0.1, 0.7, 0.08], confidence: 0.85, abstained: 0.15 };
const WORLDS = [
  ['studies', { ...BASE, unit: 'STUDIES', long: 0 }],
  ['slices, all studies of 20', { ...BASE, unit: 'SLICES', long: 0 }],
  ['slices, 15 % of studies of 200', { ...BASE, unit: 'SLICES', long: 0.15 }],
  ['studies, tumours rare', { ...BASE, unit: 'STUDIES', long: 0, shares: [0.02, 0.02, 0.94, 0.02] }],
  ['studies, abstentions rare', { ...BASE, unit: 'STUDIES', long: 0, abstained: 0.02 }],
];

console.log(
  `Printed by \`npm run bench -- drift\`: ${ROUNDS} models each, ${MOST} studies, looked at after every study.`,
);
console.log(
  `\nNothing changes: models with a false alarm at any look (stated: at most ${percent(FALSE_ALARMS).trim()})\n`,
);
for (const [name, world] of WORLDS) {
  let alarms = 0;
  for (let round = 0; round < ROUNDS; round++) if (everAlarms(world)) alarms++;
  console.log(`${name.padEnd(34)}${percent(alarms / ROUNDS)}`);
}

const CHANGES = [
  ['labels by .1', 'LABELS', { shares: [0.22, 0.1, 0.6, 0.08] }],
  ['labels by .2', 'LABELS', { shares: [0.32, 0.1, 0.5, 0.08] }],
  ['confidence by .05', 'CONFIDENCE', { confidence: 0.8 }],
  ['confidence by .1', 'CONFIDENCE', { confidence: 0.75 }],
  ['abstentions by .1', 'ABSTENTIONS', { abstained: 0.25 }],
];
/** [studies as before, studies after]: of a period that begins with the change. */
const LENGTHS = [
  [100, 100],
  [100, 300],
  [100, 600],
  [200, 600],
  [400, 1200],
  [800, 2400],
];
console.log(
  '\nSomething changes: models whose alarm tells of it, by studies of the reference and studies behind it, all changed\n',
);
console.log(`${''.padEnd(34)}${LENGTHS.map((one) => one.join(' + ').padStart(12)).join('')}`);
for (const [name, only, change] of CHANGES) {
  const cells = LENGTHS.map(([before, after]) => {
    let alarms = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [reference, now] = [sums(), sums()];
      const world = WORLDS[0][1];
      for (let at = 0; at < before; at++) add(reference, study(world));
      let told = false;
      for (let at = 0; at < after && !told; at++) {
        add(now, study({ ...world, ...change }));
        told = now.studies >= LEAST_STUDIES && compareAnswers(now, reference, LABELS).reasons.includes(only);
      }
      if (told) alarms++;
    }
    return percent(alarms / ROUNDS).padStart(12);
  });
  console.log(`${name.padEnd(34)}${cells.join('')}`);
}
