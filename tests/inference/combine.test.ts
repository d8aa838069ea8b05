import { describe, expect, it } from 'vitest';
import { combine } from '../../src/inference/combine.js';
import { type SlicePrediction } from '../../src/inference/slicePrediction.js';

/** "g90" = glioma at .90, "n80" = no_tumor, "m.." = meningioma, "?.." and "o.." = abstains (glioma), "x" = failed. */
function slices(text: string, seriesId = 'series'): SlicePrediction[] {
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

const apart = (text: string, spacing: number) =>
  slices(text).map((slice) => ({ ...slice, location: slice.position * spacing }));
const answer = (...verdicts: SlicePrediction[][]) => combine(verdicts.flat(), { normalLabel: 'no_tumor' });

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

  it('is not moved by one odd slice, as long as that is thin and not very sure', () => {
    expect(answer(apart('n90 n90 g90 n90 n90', 3))).toMatchObject({ label: 'no_tumor', abstained: false });
    const [thick, sure] = [apart('n90 n90 g90 n90 n90', 6), apart('n90 n90 g99 n90 n90', 1)];
    for (const one of [thick, sure])
      expect(answer(one)).toMatchObject({ abstained: true, abstentionReason: 'TOO_SMALL' });
  });

  it('lets an abstention that guesses the normal label break a run', () => {
    const verdicts = slices('g90 ?60 g90 n90 n90 n90');
    const guessing = verdicts.map((slice) => (slice.status === 'ABSTAINED' ? { ...slice, label: 'no_tumor' } : slice));
    expect(answer(verdicts)).toMatchObject({ label: 'glioma', abstained: false });
    expect(answer(guessing)).toMatchObject({ abstained: true, abstentionReason: 'TOO_SMALL' });
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
    const thin = (text: string, seriesId: string) => apart(text, 2).map((slice) => ({ ...slice, seriesId }));
    const [a, b] = [thin('n90 n90 n90 n90 n90 n90 g90', 'a'), thin('g90 n90 n90 n90 n90 n90 n90', 'b')];
    expect(answer(a, b)).toMatchObject({ label: 'no_tumor', abstained: false });
    expect(answer(apart('n90 n90 n90 g90 g90 n90 n90 n90', 2))).toMatchObject({ abstained: true });
  });

  it('takes two echoes of one place for one slice, which shows what either shows', () => {
    const echoes = (text: string) =>
      slices(text).map((slice) => ({ ...slice, location: Math.floor(slice.position / 2) * 5 }));
    for (const text of ['n90 n90 g90 g90 n90 n90', 'n90 n90 n90 g90 n90 n90', 'n90 n90 g90 n90 n90 n90'])
      expect(answer(echoes(text))).toMatchObject({ abstained: true, abstentionReason: 'TOO_SMALL' });
    expect(answer(echoes('n90 n90 g90 n90 n90 g90 n90 n90'))).toMatchObject({ label: 'glioma', abstained: false });
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
    const finding = { label: 'glioma', abstained: true, abstentionReason: 'TOO_SMALL', keySliceId: 'series-2' };
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
    const thin = apart(`g90 ${'n90 '.repeat(120)}g90`, 2);
    expect(combine(thin.reverse(), { normalLabel: 'no_tumor' })).toMatchObject({ label: 'no_tumor', abstained: false });
  });

  it('abstains when fewer than half of the slices were answered', () => {
    expect(answer(slices('?60 ?60 ?60 n90'))).toMatchObject({ abstained: true, abstentionReason: 'LOW_CONFIDENCE' });
    const guessing = (text: string) =>
      slices(text).map((slice) =>
        slice.status === 'ABSTAINED' ? { ...slice, label: 'no_tumor', probabilities: [] } : slice,
      );
    expect(answer(guessing('?60 ?60 n90 n90 n90'))).toMatchObject({ label: 'no_tumor', abstained: false });
    expect(answer(guessing('?60 ?60 ?60 n90 n90'))).toMatchObject({ label: 'no_tumor', abstained: true });
    expect(answer(slices('?60 ?70'))).toMatchObject({ abstained: true, label: 'glioma', sliceCounts: [] });
  });

  it('finds a tumour where it is, whatever slices elsewhere are not sure of, but not among slices of an unknown kind', () => {
    expect(answer(slices('?60 ?60 ?60 ?60 g95 g95 g95'))).toMatchObject({ label: 'glioma', abstained: false });
    expect(answer(slices('o60 o60 o60 o60 g95 g95 g95'))).toMatchObject({
      abstained: true,
      abstentionReason: 'OUT_OF_DISTRIBUTION',
    });
  });

  it('never calls a study normal whose slices show tumours of changing kinds', () => {
    const kinds = { abstained: true, abstentionReason: 'KINDS_DISAGREE', kinds: ['glioma', 'meningioma'] };
    expect(answer(slices('n90 n90 n90 g90 m90 g90 m90 g90 n90 n90 n90'))).toMatchObject({ ...kinds, label: 'glioma' });
    expect(answer(slices('g90 m90 g90 m90 g90 m90 n90 m90 g90 m90 g90 m90'))).toMatchObject({
      ...kinds,
      kinds: ['meningioma', 'glioma'],
    });
    expect(answer(slices('n90 g90 g90 m90 g90 n90'))).toMatchObject({ label: 'glioma', abstained: false, kinds: [] });
  });

  it('says of what kind a tumour may be with the mean of what its slices give each', () => {
    const shown = answer(slices('n90 n90 g90 m80 g90 m80 n90 n90'));
    const of = (label: string) => shown?.probabilities.find((one) => one.label === label)?.probability;
    expect(of('glioma')).toBeCloseTo(0.45);
    expect(of('meningioma')).toBeCloseTo(0.4);
    expect(of('no_tumor')).toBeCloseTo(0.075);
  });

  it('never calls a study normal where many neighbouring slices lean to a tumour, sure or not, known or not', () => {
    const guesses = (word: string) => `${'n90 '.repeat(15)}${`${word} `.repeat(10)}${'n90 '.repeat(15)}`.trim();
    expect(answer(apart(guesses('?51'), 5))).toMatchObject({ abstained: true, abstentionReason: 'LOW_CONFIDENCE' });
    expect(answer(apart(guesses('?51'), 1))).toMatchObject({ abstained: true, abstentionReason: 'LOW_CONFIDENCE' });
    expect(answer(apart(guesses('o51'), 2))).toMatchObject({
      abstained: true,
      abstentionReason: 'OUT_OF_DISTRIBUTION',
    });
  });

  it('never calls a study normal that shows a sure tumour in one slice, however thick', () => {
    for (const spacing of [1, 5, 10, 20])
      expect(answer(apart('n90 n90 n90 g99.9 n90 n90 n90', spacing))).toMatchObject({
        abstained: true,
        abstentionReason: 'TOO_SMALL',
        label: 'no_tumor', // nearly all are, and nobody knows the kind
        keySliceId: 'series-3',
      });
  });

  it('measures the tissue that slices cover, not the distance of their middles', () => {
    expect(answer(apart('n90 n90 g90 g90 n90 n90', 5))).toMatchObject({ label: 'glioma', abstained: false });
    expect(answer(apart('n90 n90 g90 g90 n90 n90', 3.5))).toMatchObject({ label: 'glioma', abstained: false });
    expect(answer(apart('n90 n90 g90 g90 n90 n90', 3.4))).toMatchObject({
      abstained: true,
      abstentionReason: 'TOO_SMALL',
    });
  });

  it('does not take a gap for tissue that was seen', () => {
    const gap = apart('n90 n90 n90 g90 g90 n90 n90 n90', 1).map((slice) => ({
      ...slice,
      location: slice.position + (slice.position > 3 ? 50 : 0),
    }));
    expect(answer(gap)).toMatchObject({ abstained: true, abstentionReason: 'TOO_SMALL' });
  });

  it('never calls a study normal of which several slices show a tumour, however these lie apart, and at any spacing', () => {
    const [before, after] = ['n90 '.repeat(10), ' n90'.repeat(12)];
    const patterns = ['g90 n90 g90', 'g90 n90 g90 n90 g90 n90 g90', 'g90 n90 n90 g90', 'g90 n90 n90 n90 n90 m90'];
    for (const pattern of patterns)
      for (let spacing = 0.5; spacing <= 20; spacing += 0.05)
        expect(answer(apart(before + pattern + after, spacing))?.abstained, `${pattern}, ${spacing} mm`).toBe(true);
    const third = Array(30).fill('g97 n97 n97').join(' ');
    expect(answer(apart(third, 1))).toMatchObject({ abstained: true, abstentionReason: 'LOW_CONFIDENCE' });
    const echoes = slices('n90 n90 n90 n90 g90 n90 g90 n90 g90 n90 n90 n90'); // interleaved, and nobody knows where
    expect(answer(echoes.map((slice) => ({ ...slice, location: null })))?.abstained).toBe(true);
  });

  it('never calls a study normal of which a part in one piece was not seen', () => {
    const [normal, failed, unknown] = ['n90 '.repeat(12), 'x '.repeat(11), 'o90 '.repeat(10)].map((one) => one.trim());
    const few = { abstained: true, abstentionReason: 'TOO_FEW_SLICES' };
    for (const spacing of [1, 5]) expect(answer(apart(`${normal} ${failed}`, spacing))).toMatchObject(few);
    expect(answer(slices(`${normal} x`))).toMatchObject({ label: 'no_tumor', abstained: false });
    const strange = unknown?.replaceAll('o90', 'o40') as string; // unlike, and normal if anything
    const guesses = slices(`${normal} ${strange}`).map((one) =>
      one.label === 'glioma' ? { ...one, label: 'no_tumor' } : one,
    );
    expect(answer(guesses)).toMatchObject({ abstained: true, abstentionReason: 'OUT_OF_DISTRIBUTION' });
    expect(answer(slices(normal as string, 'plain'), slices(failed as string, 'contrast'))).toMatchObject(few);
    expect(answer(apart('n90 n90 n90', 0.5))).toMatchObject(few);
    const hole = slices('n90 n90 n90 n90 n90 n90').map((one) => ({
      ...one,
      location: one.position * 5 + (one.position > 2 ? 100 : 0),
    }));
    expect(answer(hole)).toMatchObject(few);
  });

  it('is not decided by what headers round', () => {
    const guesses = (spacing: number) => answer(apart('n90 n90 n90 n90 ?52 ?52 n90 n90 n90', spacing))?.abstained;
    expect([5.0000001, 5, 4.9999999, 4.99].map(guesses)).toEqual([true, true, true, true]);
  });

  it('is not sure of the kind where findings of comparable weight are of different ones, whatever their series are called', () => {
    const kinds = { abstained: true, abstentionReason: 'KINDS_DISAGREE' };
    const series = (text: string, seriesId: string) => slices(`n90 n90 ${text} n90 n90`, seriesId);
    for (const [a, b] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const)
      expect(answer(series('g95 g95 g95', a), series('m95 m95 m95', b))).toMatchObject(kinds);
    expect(answer(slices('n90 g95 g95 g95 n90 n90 m95 m95 m95 n90'))).toMatchObject(kinds);
    const small = answer(slices('n90 g95 g95 g95 g95 g95 n90 n90 m95 m95 n90'));
    expect(small).toMatchObject({ label: 'glioma', abstained: false });
  });

  it('names no kind that is less likely than that there is nothing', () => {
    const weak = slices('n90 g72 g50 g50 g50 g50 n90').map((slice) => {
      if (slice.label !== 'glioma') return slice;
      const presence = slice.confidence as number;
      const probabilities = [
        { label: 'no_tumor', probability: 1 - presence },
        { label: 'glioma', probability: presence * 0.7 },
        { label: 'meningioma', probability: presence * 0.3 },
      ];
      return { ...slice, confidence: presence * 0.7, probabilities };
    });
    expect(combine(weak, { normalLabel: 'no_tumor', surest: 0.709 })).toMatchObject({
      abstained: true,
      abstentionReason: 'KINDS_DISAGREE',
    });
  });

  it('asks as much of "nothing found" as its model says, anywhere and on the whole', () => {
    const weak = apart('n90 n90 n90 n60 n60 n60 n90 n90 n90', 5);
    expect(combine(weak, { normalLabel: 'no_tumor' })).toMatchObject({ label: 'no_tumor', abstained: false });
    const asked = combine(weak, { normalLabel: 'no_tumor', absent: 0.4 });
    expect(asked).toMatchObject({ label: 'no_tumor', abstained: true, abstentionReason: 'LOW_CONFIDENCE' });
    expect(answer(slices('n56 n56 n56 n56 n56'))).toMatchObject({
      abstained: true,
      abstentionReason: 'LOW_CONFIDENCE',
    });
    expect(combine(slices('n56 n56 n56 n56'), { normalLabel: 'no_tumor', clear: 0.5 })).toMatchObject({
      abstained: false,
    });
  });

  it('has too few slices where most could not be read, or there are but one or two places', () => {
    expect(answer(slices('x x x x x n90 n90 n90'))).toMatchObject({
      abstained: true,
      abstentionReason: 'TOO_FEW_SLICES',
    });
    for (const text of ['n99', 'n99 n99', 'g99'])
      expect(answer(slices(text))).toMatchObject({ abstained: true, abstentionReason: 'TOO_FEW_SLICES' });
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
