import { describe, expect, it } from 'vitest';
import { findConsensus, type ReaderVerdict } from '../../src/statistics/consensus.js';

/** Verdicts on one slice, in the order in which they were given. */
function read(...labels: string[]): ReaderVerdict[] {
  return labels.map((label, index) => ({
    thingId: 'prediction-1',
    studyId: 'study-1',
    reviewer: `reader ${index}`,
    label,
    createdAt: new Date(index),
    answeredLabel: 'glioma',
    answeredConfidence: 0.5 + index / 10,
    answerAbstained: false,
  }));
}
const truth = (...labels: string[]) => findConsensus(read(...labels)).map((one) => one.truth);

describe('the truth of several readers', () => {
  it('is what more than half of them say', () => {
    expect(truth('glioma')).toEqual(['glioma']);
    expect(truth('meningioma', 'glioma', 'glioma')).toEqual(['glioma']);
  });

  it('is open between two who differ, and where the most are not the half', () => {
    expect(truth('glioma', 'meningioma')).toEqual([null]);
    expect(truth('glioma', 'glioma', 'meningioma', 'pituitary')).toEqual([null]);
  });

  it('is held against the answer that the latest of them saw', () => {
    expect(findConsensus(read('glioma', 'glioma', 'glioma').reverse())[0]).toMatchObject({
      label: 'glioma',
      confidence: 0.7,
    });
  });

  it('is found for each slice by itself', () => {
    const other = read('no_tumor').map((one) => ({ ...one, thingId: 'prediction-2' }));
    expect(findConsensus([...read('glioma'), ...other]).map((one) => one.truth)).toEqual(['glioma', 'no_tumor']);
  });
});
