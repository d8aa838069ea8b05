import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../src/sample/noise.js';
import {
  compareAnswers,
  isBeyondChance,
  type Moments,
  referenceSize,
  type Sample,
} from '../../src/statistics/drift.js';

const LABELS = ['glioma', 'no_tumor'];
type Study = { glioma: number; confidence: number; abstained: number };

function sampleOf(studies: readonly Study[]): Sample {
  const moments = (values: number[]) => ({
    sum: values.reduce((sum, value) => sum + value, 0),
    squares: values.reduce((sum, value) => sum + value ** 2, 0),
  });
  return {
    studies: studies.length,
    answers: studies.length,
    labels: new Map([
      ['glioma', moments(studies.map(({ glioma }) => glioma))],
      ['no_tumor', moments(studies.map(({ glioma }) => 1 - glioma))],
    ]),
    confidence: moments(studies.map(({ confidence }) => confidence)),
    abstentions: moments(studies.map(({ abstained }) => abstained)),
  };
}
/** So many studies, of which this share is gliomas; confidences 0.05 and abstentions 0.1 on either side of these. */
const studies = (count: number, share: number, { confidence = 0.9, abstained = 0.2 } = {}) =>
  sampleOf(
    Array.from({ length: count }, (_, index) => {
      const side = index % 2 ? 1 : -1;
      const glioma = index < Math.round(share * count) ? 1 : 0;
      return { glioma, confidence: confidence + side * 0.05, abstained: abstained + side * 0.1 };
    }),
  );
const before = studies(100, 0.3);

describe('the distance of two mixes of labels', () => {
  it('is the share of answers that would have to change', () => {
    expect(compareAnswers(studies(100, 0.55), before, LABELS).labelDistance).toBeCloseTo(0.25, 12);
    expect(compareAnswers(before, before, LABELS).labelDistance).toBe(0);
    const other = { ...before, labels: new Map([['pituitary', { sum: 100, squares: 100 }]]) };
    expect(compareAnswers(other, before, [...LABELS, 'pituitary']).labelDistance).toBeCloseTo(1, 12);
  });
});

describe('the alarm of drift', () => {
  it('is silent where all is as it was', () => {
    expect(compareAnswers(before, before, LABELS)).toMatchObject({ alarm: false, reasons: [] });
  });

  it('sounds for a mix of labels that is far off and no chance', () => {
    expect(compareAnswers(studies(100, 0.6), before, LABELS)).toMatchObject({ alarm: true, reasons: ['LABELS'] });
    expect(compareAnswers(studies(50, 0.5), before, LABELS)).toMatchObject({ alarm: false });
  });

  it('sounds for less where there are more studies, but never for a mix that is hardly another', () => {
    expect(compareAnswers(studies(100, 0.42), before, LABELS)).toMatchObject({ alarm: false });
    expect(compareAnswers(studies(2400, 0.42), studies(800, 0.3), LABELS)).toMatchObject({ alarm: true });
    expect(compareAnswers(studies(100_000, 0.35), studies(100_000, 0.3), LABELS)).toMatchObject({ alarm: false });
  });

  it('sounds for confidences that fell, and for abstentions that grew', () => {
    expect(compareAnswers(studies(100, 0.3, { confidence: 0.84 }), before, LABELS).reasons).toEqual(['CONFIDENCE']);
    expect(compareAnswers(studies(100, 0.3, { confidence: 0.86 }), before, LABELS).reasons).toEqual([]);
    expect(compareAnswers(studies(100, 0.3, { abstained: 0.35 }), before, LABELS).reasons).toEqual(['ABSTENTIONS']);
    expect(compareAnswers(studies(100, 0.3, { abstained: 0.29 }), before, LABELS).reasons).toEqual([]);
  });

  it('neither sounds nor is cleared by fewer than 30 studies', () => {
    expect(compareAnswers(studies(29, 1), before, LABELS)).toMatchObject({ alarm: null, reasons: [] });
    expect(compareAnswers(studies(30, 1), before, LABELS)).toMatchObject({ alarm: true });
  });
});

it('sounds ever at no more than 5 % of models that do not change, looked at after every study', () => {
  const random = randomNumbers(3);
  let alarms = 0;
  for (let model = 0; model < 200; model++) {
    const study = () => ({ glioma: random() < 0.3 ? 1 : 0, confidence: 0.7 + 0.3 * random(), abstained: random() });
    const reference = sampleOf(Array.from({ length: 100 }, study));
    let now = sampleOf([]);
    let alarm: boolean | null = false;
    for (let look = 0; look < 300 && !alarm; look++) {
      now = sum(now, sampleOf([study()]));
      ({ alarm } = compareAnswers(now, reference, LABELS));
    }
    if (alarm) alarms++;
  }
  expect(alarms).toBeLessThanOrEqual(10);
});

function sum(one: Sample, other: Sample): Sample {
  const add = (a: Moments, b: Moments) => ({ sum: a.sum + b.sum, squares: a.squares + b.squares });
  const of = ({ labels }: Sample, label: string) => labels.get(label) as Moments;
  return {
    studies: one.studies + other.studies,
    answers: one.answers + other.answers,
    labels: new Map(LABELS.map((label) => [label, add(of(one, label), of(other, label))])),
    confidence: add(one.confidence, other.confidence),
    abstentions: add(one.abstentions, other.abstentions),
  };
}

it('holds against the first 100 studies, and from 800 against the first quarter', () => {
  const sizes = [99, 100, 799, 800, 1599, 1600, 3199, 3200, 1e6].map(referenceSize);
  expect(sizes).toEqual([null, 100, 100, 200, 200, 400, 400, 800, 800]);
});

it('rules out chance as the ratio of likelihoods does', () => {
  // scipy.stats.norm: pdf(shift, 0, √(variance + 0.1²)) / pdf(shift, 0, √variance) passes 1000 at 0.18756...
  const least = Math.sqrt((2 * 0.002 * 0.012 * (Math.log(1000) + Math.log(6) / 2)) / 0.01);
  expect(isBeyondChance({ shift: least + 1e-9, variance: 0.002 }, 0.1, 0.001)).toBe(true);
  expect(isBeyondChance({ shift: -least - 1e-9, variance: 0.002 }, 0.1, 0.001)).toBe(true);
  expect(isBeyondChance({ shift: least - 1e-9, variance: 0.002 }, 0.1, 0.001)).toBe(false);
});
