import { describe, expect, it } from 'vitest';
import { combine, type SliceVerdict } from '../../src/inference/combine.js';

/** "g90" = glioma at .90, "n80" = no_tumor, "m.." = meningioma, "?.." and "o.." = abstains (glioma), "x" = failed. */
function slices(text: string, seriesId = 'series'): SliceVerdict[] {
  const labels: Record<string, string> = { g: 'glioma', m: 'meningioma', n: 'no_tumor', '?': 'glioma', o: 'glioma' };
  return text.split(' ').map((word, position) => {
    const place = { sliceId: `${seriesId}-${position}`, seriesId, position, location: position * 5 };
    const nothing = { label: null, confidence: null, probabilities: [], abstentionReason: null };
    if (word === 'x') return { ...place, ...nothing, status: 'FAILED' };
    const abstentionReason = ({ '?': 'LOW_CONFIDENCE', o: 'OUT_OF_DISTRIBUTION' } as const)[word[0] as string] ?? null;
    const status = abstentionReason ? 'ABSTAINED' : 'CLASSIFIED';
    const label = labels[word[0] as string] as string;
    const confidence = Number(word.slice(1)) / 100;
    const normal = label === 'no_tumor' ? confidence : (1 - confidence) / 2; // the rest is shared by the others
    const probabilities = [{ label: 'no_tumor', probability: normal }];
    return { ...place, status, abstentionReason, label, confidence, probabilities };
  });
}

const answer = (...verdicts: SliceVerdict[][]) => combine(verdicts.flat(), { normalLabel: 'no_tumor' });

describe('combine', () => {
  it('finds a tumour where neighbouring slices agree; the surest of them is the key slice', () => {
    expect(answer(slices('n90 g80 g95 g85 n90'))).toMatchObject({
      label: 'glioma',
      keySliceId: 'series-2',
      abstained: false,
      sliceCounts: [
        { label: 'no_tumor', count: 2 },
        { label: 'glioma', count: 3 },
      ],
    });
    expect(answer(slices('n90 g80 g95 g85 n90'))?.confidence).toBeCloseTo((0.8 + 0.95 + 0.85) / 3);
  });

  it('says what most slices without an answer lack', () => {
    expect(answer(slices('o90 o90 o80 ?60 n90'))?.abstentionReason).toBe('OUT_OF_DISTRIBUTION');
    expect(answer(slices('o90 ?60 ?60 n90'))?.abstentionReason).toBe('LOW_CONFIDENCE');
    expect(answer(slices('n90 n90 n90 o90'))?.abstentionReason).toBeNull();
  });

  it('is not moved by one odd slice', () => {
    expect(answer(slices('n90 n90 g99 n90 n90'))).toMatchObject({ label: 'no_tumor', abstained: false });
  });

  it('lets an abstention that guesses another label break a run', () => {
    const guessing = slices('g90 ?60 g90 n90 n90 n90').map((slice) =>
      slice.status === 'ABSTAINED' ? { ...slice, label: 'no_tumor' } : slice,
    );
    expect(answer(guessing)).toMatchObject({ label: 'no_tumor', abstained: false });
  });

  it('lets neither another abstention nor a slice that failed break a run', () => {
    expect(answer(slices('n90 g80 ?60 x g85 n90'))?.label).toBe('glioma');
  });

  it('abstains where no slice of a run is as sure of any finding as it has to be, and keeps it as its guess', () => {
    const verdicts = slices('n90 g70 g80 g70 n90');
    expect(combine(verdicts, { normalLabel: 'no_tumor', surest: 0.9 })).toMatchObject({
      label: 'glioma',
      abstained: false,
    });
    expect(combine(verdicts, { normalLabel: 'no_tumor', surest: 0.91 })).toMatchObject({
      label: 'glioma',
      abstained: true,
      keySliceId: 'series-2',
    });
    const another = slices('n90 g70 g70 g70 g70 g70 n90 m95 m95 m95');
    expect(combine(another, { normalLabel: 'no_tumor' })).toMatchObject({ label: 'glioma' });
    expect(combine(another, { normalLabel: 'no_tumor', surest: 0.95 })).toMatchObject({
      label: 'meningioma',
      abstained: false,
    });
  });

  it('joins no slices of different series into a run', () => {
    expect(answer(slices('n90 n90 g90', 'a'), slices('g90 n90 n90', 'b'))?.label).toBe('no_tumor');
  });

  it('takes two echoes of one place for one slice', () => {
    const echoes = slices('n90 g90 g90 n90').map((slice) => ({
      ...slice,
      location: Math.ceil(slice.position / 2) * 5,
    }));
    expect(answer(echoes)?.label).toBe('no_tumor');
  });

  it('needs more of thin slices than of thick ones', () => {
    const thin = (text: string) => slices(text).map((slice) => ({ ...slice, location: slice.position * 3.5 }));
    expect(answer(thin('n90 g90 g90 g90 g90 n90'))).toMatchObject({ label: 'glioma', abstained: false });
    expect(answer(thin('n90 g90 ?60 ?60 g90 n90'))).toMatchObject({ label: 'glioma', abstained: false });
    expect(answer(thin('n90 g90 n90 n90 n90 n90'))).toMatchObject({ label: 'no_tumor', abstained: false });
    const unplaced = slices('n90 g90 g90 n90').map((slice) => ({ ...slice, location: null }));
    expect(answer(unplaced)).toMatchObject({ label: 'glioma', abstained: false });
  });

  it('abstains on a run too short to be believed, and names its surest slice to look at', () => {
    const thin = slices('n90 g80 g95 g90 n90 n90').map((slice) => ({ ...slice, location: slice.position * 2 }));
    const finding = { label: 'glioma', abstained: true, abstentionReason: 'LOW_CONFIDENCE', keySliceId: 'series-2' };
    expect(answer(thin)).toMatchObject(finding);
  });

  it('abstains where no two neighbours agree and nothing is normal', () => {
    expect(answer(slices('g90 m90 g90 m80'))).toMatchObject({ label: 'glioma', abstained: true });
    expect(answer(slices('g90 ?60'))).toMatchObject({ label: 'glioma', abstained: true });
  });

  it('takes the run with the most evidence', () => {
    expect(answer(slices('m90 m90 n90 g80 g80 g80'))?.label).toBe('glioma');
  });

  it('orders slices by position, however they come', () => {
    expect(combine(slices('g90 n90 g90').reverse(), { normalLabel: 'no_tumor' })?.label).toBe('no_tumor');
  });

  it('abstains when fewer than half of the slices were answered', () => {
    expect(answer(slices('?60 ?60 ?60 n90'))).toMatchObject({ abstained: true, abstentionReason: 'LOW_CONFIDENCE' });
    expect(answer(slices('?60 ?60 n90 n90'))?.abstained).toBe(false);
    expect(answer(slices('?60 ?70'))).toMatchObject({ abstained: true, label: 'glioma', sliceCounts: [] });
  });

  it('finds a tumour where it is, whatever slices elsewhere are not sure of, but not among slices of an unknown kind', () => {
    expect(answer(slices('?60 ?60 ?60 ?60 g95 g95 g95'))).toMatchObject({ label: 'glioma', abstained: false });
    expect(answer(slices('o60 o60 o60 o60 g95 g95 g95'))).toMatchObject({
      abstained: true,
      abstentionReason: 'OUT_OF_DISTRIBUTION',
    });
  });

  it('has no answer where no slice has one', () => {
    expect(answer(slices('x x'))).toBeNull();
    expect(answer([])).toBeNull();
  });

  it('takes the label with the most evidence for a model without a normal label', () => {
    expect(combine(slices('n90 g80 n90'), { normalLabel: undefined })).toMatchObject({
      label: 'no_tumor',
      keySliceId: 'series-0',
    });
  });
});
