import { describe, expect, it } from 'vitest';
import {
  accuracy,
  confusionMatrix,
  countLabel,
  f1,
  type Judged,
  type LabelCounts,
  precision,
  recall,
  specificity,
} from '../../src/statistics/confusion.js';
import { negativePredictiveValue, positivePredictiveValue } from '../../src/statistics/predictiveValue.js';

const judged = (studyId: string, truth: string, label: string): Judged => ({
  thingId: `${studyId}/${Math.random()}`,
  studyId,
  truth,
  label,
  confidence: 0.9,
  abstained: false,
});
const ANSWERS = [
  judged('a', 'glioma', 'glioma'),
  judged('a', 'glioma', 'no_tumor'),
  judged('b', 'no_tumor', 'glioma'),
  judged('b', 'no_tumor', 'no_tumor'),
  judged('b', 'no_tumor', 'no_tumor'),
];

// Per study; the references below were computed from these with NumPy 2.4.6.
const [hits, called, present, total] = [
  [5, 0, 9, 3, 7, 2, 8, 1],
  [6, 3, 9, 5, 8, 4, 9, 1],
  [7, 1, 10, 3, 7, 6, 8, 4],
  [20, 12, 15, 18, 30, 11, 16, 9],
] as [number[], number[], number[], number[]];
const STUDIES = hits.map(
  (hit, at): LabelCounts => ({
    hits: hit,
    called: called[at] as number,
    present: present[at] as number,
    total: total[at] as number,
  }),
);

describe('answers against their truth', () => {
  it('are counted with the truth as rows', () => {
    expect(confusionMatrix(ANSWERS, ['glioma', 'no_tumor'])).toEqual([
      [1, 1],
      [1, 2],
    ]);
    expect(accuracy(ANSWERS)?.value).toBe(0.6);
  });

  it('of one label are counted study by study', () => {
    expect(countLabel(ANSWERS, 'glioma')).toEqual([
      { hits: 1, called: 1, present: 2, total: 2 },
      { hits: 0, called: 1, present: 0, total: 3 },
    ]);
  });

  it('give precision, recall and specificity their own denominators', () => {
    expect(precision(STUDIES)?.value).toBeCloseTo(35 / 45, 12);
    expect(recall(STUDIES)?.value).toBeCloseTo(0.7608695652173914, 12);
    expect(specificity(STUDIES)?.value).toBeCloseTo(0.8823529411764706, 12);
    expect(recall(countLabel(ANSWERS, 'pituitary'))).toBeNull();
  });
});

describe('the jackknife over studies', () => {
  it('bounds F1 as NumPy and SciPy do', () => {
    const interval = f1(STUDIES);
    expect(interval?.value).toBeCloseTo(0.7692307692307693, 12);
    // Delete-one variance on the log odds' scale, t of the effective number of studies; SciPy 1.10
    expect(interval?.low).toBeCloseTo(0.49701761042652726, 8);
    expect(interval?.high).toBeCloseTo(0.9183303931979212, 8);
  });

  it('gives no bounds for one study, or where all is right, and nothing for a label that neither is nor was answered', () => {
    expect(f1(STUDIES.slice(0, 1))).toEqual({ value: 10 / 13, low: null, high: null });
    const right = { hits: 2, called: 2, present: 2, total: 3 };
    expect(f1([right, right, right])).toEqual({ value: 1, low: null, high: null });
    expect(f1([{ hits: 0, called: 0, present: 0, total: 9 }])).toBeNull();
  });
});

describe('predictive values', () => {
  it('follow Bayes’ theorem at a prevalence of 5 %', () => {
    // NumPy and SciPy: sensitivity 0.76087, specificity 0.88235; delete-one variance on the log odds' scale
    const positive = positivePredictiveValue(STUDIES, 0.05);
    expect(positive?.value).toBeCloseTo(0.253947930004268, 12);
    expect(positive?.low).toBeCloseTo(0.10617221788511244, 8);
    expect(positive?.high).toBeCloseTo(0.49377990716807146, 8);
    const negative = negativePredictiveValue(STUDIES, 0.05);
    expect(negative?.value).toBeCloseTo(0.9859366774460405, 12);
    expect(negative?.low).toBeCloseTo(0.9568244246343788, 8);
  });

  it('are the precision itself at the prevalence that was reviewed', () => {
    const prevalence = 46 / 131;
    expect(positivePredictiveValue(STUDIES, prevalence)?.value).toBeCloseTo(35 / 45, 12);
  });

  it('do not exist where every thing reviewed is of the label', () => {
    expect(positivePredictiveValue([{ hits: 3, called: 3, present: 4, total: 4 }], 0.1)).toBeNull();
  });
});
