import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/inference/manifest.js';
import { type LeftRight, readSeries, scoreSeries, type ViewedSlice } from '../../src/inference/readSeries.js';
import { evaluate, hasPython } from '../training/python.js';

const IN_SERIES = {
  output: 'evidence',
  reach: 6,
  otherSide: { above: -5, atMost: 5 },
  calibration: { offset: -4, temperature: 1 },
  abstention: { finding: 0.5, normal: 0.8, study: 0.9 },
};
const manifest = (inSeries: Partial<typeof IN_SERIES & { neighbourAtMost: number }> | null = {}) =>
  ({
    labels: ['glioma', 'meningioma', 'no_tumor'],
    normalLabel: 'no_tumor',
    ...(inSeries && { inSeries: { ...IN_SERIES, ...inSeries } }),
  }) as Manifest;

const WHOLE = { top: 0, left: 0, height: 1, width: 1 };
const SIDE = 12;
const NONE = -9;

type Spot = { row: number; column: number; value?: number };

/** A slice every 5 mm, its cells at NONE but for a spot; `kinds`: logits of glioma and meningioma. */
function slice(index: number, spot?: Spot, { kinds = [0, 0], frame = WHOLE } = {}): ViewedSlice {
  const values = new Float32Array(SIDE * SIDE).fill(NONE);
  if (spot)
    for (const down of [0, 1])
      for (const along of [0, 1])
        values[(spot.row + down) * SIDE + Math.min(spot.column + along, SIDE - 1)] = spot.value ?? 4;
  const [glioma = 0, meningioma = 0] = kinds;
  return {
    logits: Float32Array.from([glioma, meningioma, 3]),
    novelty: null,
    location: index * 5,
    presence: { rows: SIDE, columns: SIDE, values, frame },
  };
}

const left = { row: 5, column: 2 };
const right = { row: 5, column: 8 };
const both = (index: number): ViewedSlice => {
  const one = slice(index, left);
  const other = slice(index, right).presence?.values ?? [];
  one.presence?.values.forEach((value, cell, all) => {
    all[cell] = Math.max(value, other[cell] ?? NONE);
  });
  return one;
};
const stack = (at: (index: number) => ViewedSlice, count = 9) => Array.from({ length: count }, (_, index) => at(index));
const inTheMiddle = (index: number) => index >= 3 && index <= 5;
const score = (slices: ViewedSlice[], leftRight: LeftRight | null = 'COLUMNS', model = manifest()) =>
  scoreSeries(slices, leftRight, model) as number[];

describe('readSeries', () => {
  it('believes what neighbours see in the same place more than what one slice sees alone', () => {
    const tumour = score(stack((index) => slice(index, inTheMiddle(index) ? left : undefined)));
    const odd = score(stack((index) => slice(index, index === 4 ? left : undefined)));
    const wandering = score(
      stack((index) => slice(index, inTheMiddle(index) ? { row: 1 + 4 * (index - 3), column: 2 } : undefined)),
    );
    expect(tumour[4]).toBeGreaterThan((odd[4] as number) + 1);
    expect(tumour[4]).toBeGreaterThan((wandering[4] as number) + 1);
    expect(tumour[4]).toBeGreaterThan((tumour[0] as number) + 3);
  });

  it('takes away what the other side of the head shows as well', () => {
    const one = score(stack((index) => slice(index, inTheMiddle(index) ? left : undefined)));
    const two = score(stack((index) => (inTheMiddle(index) ? both(index) : slice(index))));
    expect(two[4]).toBeLessThan((one[4] as number) - 2);
    expect(score(stack(both), null)[4]).toBeGreaterThan((score(stack(both))[4] as number) + 2);
  });

  it('does not let a very clear tumour spread beyond its ends', () => {
    const clear = (index: number) => slice(index, inTheMiddle(index) ? { ...left, value: 14 } : undefined);
    const without = score(stack(clear));
    const limited = score(stack(clear), 'COLUMNS', manifest({ neighbourAtMost: 4 }));
    expect(limited[6]).toBeLessThan((without[6] as number) - 1);
    expect(limited[5]).toBeGreaterThan((limited[6] as number) + 3);
    const alone = stack((index) => slice(index, index === 4 ? { ...left, value: 14 } : undefined));
    expect(score(alone, 'COLUMNS', manifest({ neighbourAtMost: 4 }))[4]).toBe(score(alone)[4]);
  });

  it('leaves a tumour in the middle that is very clear', () => {
    const middle = (value: number) => (index: number) =>
      slice(index, inTheMiddle(index) ? { row: 5, column: 5, value } : undefined);
    const [faint, clear] = [2, 14].map((value) => score(stack(middle(value)))[4] as number);
    const none = score(stack((index) => slice(index)))[4] as number;
    expect(faint).toBeLessThan(none + 2);
    expect(clear).toBeGreaterThan(none + 5);
    expect(score(stack(middle(14)), 'COLUMNS', manifest({ neighbourAtMost: 4 }))[4]).toBe(clear);
  });

  it('mirrors sagittal series across their slices', () => {
    const onOneSide = (index: number) => slice(index, index < 3 ? left : undefined);
    const onBoth = (index: number) => slice(index, index < 3 || index > 5 ? left : undefined);
    const [one, two] = [onOneSide, onBoth].map((at) => score(stack(at), 'SLICES')[1] as number);
    expect(two).toBeLessThan((one as number) - 2);
  });

  it('finds the same place in slices that are cropped differently', () => {
    // Every second slice covers the upper left quarter alone: there the same place is twice as far from the corner.
    const quarter = { top: 0, left: 0, height: 0.5, width: 0.5 };
    const cropped = (row: number, column: number) => (index: number) =>
      slice(index, index % 2 ? { row, column } : { row: 4, column: 2 }, { frame: index % 2 ? quarter : WHOLE });
    const same = score(stack(cropped(9, 5)), null)[4] as number;
    const other = score(stack(cropped(4, 2)), null)[4] as number;
    expect(same).toBeGreaterThan(other + 2);
  });

  it('does not depend on the order in which slices come', () => {
    const slices = stack((index) => slice(index, inTheMiddle(index) ? left : undefined));
    const shuffled = slices.map((_, index) => slices[(index * 4) % 9] as ViewedSlice);
    const expected = score(slices);
    for (const [index, value] of score(shuffled).entries())
      expect(value).toBeCloseTo(expected[(index * 4) % 9] as number, 9);
  });

  it('gives each slice probabilities that sum to one, and lets neighbours with a tumour agree on its kind', () => {
    const kinds = (index: number) => (index === 4 ? [0, 1] : [3, 0]);
    const slices = stack((index) => slice(index, inTheMiddle(index) ? left : undefined, { kinds: kinds(index) }));
    const verdicts = readSeries(slices, 'COLUMNS', manifest({ calibration: { offset: -6, temperature: 1 } }));
    expect(verdicts.slice(3, 6).map(({ label }) => label)).toEqual(['glioma', 'glioma', 'glioma']);
    for (const { probabilities } of verdicts)
      expect(probabilities.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
  });

  it('shares the probability of a kind with what looks like it, and takes nothing from whether there is a tumour', () => {
    const slices = stack((index) => slice(index, left, { kinds: [9, 0] }));
    const lookalikes = [{ label: 'glioma', as: 'meningioma', share: 0.2 }];
    const shared = { ...manifest(), calibration: { method: 'temperature', temperature: 1, lookalikes } } as Manifest;
    const [before, after] = [manifest(), shared].map((model) => readSeries(slices, 'COLUMNS', model)[4]);
    const of = (verdict: typeof before) => verdict?.probabilities.map(({ probability }) => probability) as number[];
    const [glioma, meningioma, normal] = of(before) as [number, number, number];
    expect(of(after)[0]).toBeCloseTo(0.8 * glioma, 9);
    expect(of(after)[1]).toBeCloseTo(meningioma + 0.2 * glioma, 9);
    expect(of(after)[2]).toBeCloseTo(normal, 9);
  });

  it('calls a finding from one confidence on, and tumour-free from another', () => {
    const slices = stack((index) => slice(index, inTheMiddle(index) ? left : undefined, { kinds: [9, 0] }));
    const own = score(slices)[0] as number;
    const at = (offset: number) =>
      readSeries(slices, 'COLUMNS', manifest({ calibration: { offset, temperature: 1 } }))[0];
    expect(at(own - 0.5)).toMatchObject({ status: 'CLASSIFIED', label: 'glioma' });
    expect(at(own + 0.5)).toMatchObject({ status: 'ABSTAINED', abstentionReason: 'LOW_CONFIDENCE', label: 'no_tumor' });
    expect(at(own + 2)).toMatchObject({ status: 'CLASSIFIED', label: 'no_tumor' });
  });

  it('abstains, with the likelier kind as its guess, where it cannot tell which kind a tumour is', () => {
    const slices = stack((index) => slice(index, left, { kinds: [1, 0.9] }));
    const own = score(slices)[4] as number;
    const [verdict] = readSeries(slices, 'COLUMNS', manifest({ calibration: { offset: own - 0.5, temperature: 1 } }));
    expect(verdict).toMatchObject({ status: 'ABSTAINED', abstentionReason: 'LOW_CONFIDENCE', label: 'glioma' });
  });

  it('judges slices without a place, and those of a series of fewer than three places, by themselves', () => {
    const alone = { status: 'CLASSIFIED', label: 'no_tumor' };
    const tumour = (index: number) => slice(index, left);
    const [lost] = readSeries([{ ...tumour(0), location: null }, ...stack(tumour)], 'COLUMNS', manifest());
    expect(lost).toMatchObject(alone);
    const echoes = [tumour(0), tumour(0), tumour(1), tumour(1)];
    for (const verdict of readSeries(echoes, 'COLUMNS', manifest())) expect(verdict).toMatchObject(alone);
    for (const verdict of readSeries(stack(tumour), 'COLUMNS', manifest(null))) expect(verdict).toMatchObject(alone);
    expect(readSeries([], 'COLUMNS', manifest())).toEqual([]);
  });

  it('stays finite for evidence of any size, and ignores cells that are no numbers', () => {
    const slices = stack((index) => slice(index, { ...left, value: index === 4 ? 1e4 : Number.NaN }));
    const infinite = stack((index) => slice(index, { ...left, value: index === 4 ? Number.POSITIVE_INFINITY : 4 }));
    const lost = stack((index) => ({
      ...slice(index, left),
      ...(index === 4 && { logits: new Float32Array(3).fill(Number.NaN) }),
    }));
    for (const some of [slices, infinite, lost])
      for (const { probabilities, label } of readSeries(some, 'COLUMNS', manifest())) {
        for (const { probability } of probabilities) expect(Number.isFinite(probability)).toBe(true);
        expect(manifest().labels).toContain(label);
      }
  });

  it.skipIf(!hasPython('numpy', 'scipy'))('gives the scores of a reference in numpy', () => {
    const slices = Array.from({ length: 7 }, (_, index) => {
      const frame = {
        top: 0.02 * index,
        left: 0.1 - 0.01 * index,
        height: 0.9 - 0.05 * index,
        width: 0.8 - 0.03 * index,
      };
      const values = Float32Array.from(
        { length: SIDE * SIDE },
        (_value, cell) => 6 * Math.sin(cell * 0.37 + index) - 4,
      );
      return {
        logits: new Float32Array(3),
        novelty: null,
        location: 4 * index + (index % 2),
        presence: { rows: SIDE, columns: SIDE, values, frame },
      };
    });
    for (const leftRight of ['COLUMNS', 'SLICES', null] as const)
      for (const limit of [{}, { neighbourAtMost: 0 }]) {
        const expected = reference(slices, leftRight, limit.neighbourAtMost);
        for (const [index, value] of score(slices, leftRight, manifest(limit)).entries())
          expect(value).toBeCloseTo(expected[index] as number, 5);
      }
  });
});

/** The same, written another way: as arrays over all slices, with scipy's interpolation. */
function reference(slices: ViewedSlice[], leftRight: LeftRight | null, limit = 99): number[] {
  const given = slices.map(({ location, presence }) => ({
    z: location,
    values: [...(presence?.values ?? [])],
    frame: [presence?.frame.top, presence?.frame.left, presence?.frame.height, presence?.frame.width],
  }));
  return evaluate(
    `
from scipy.ndimage import map_coordinates
given, side, reach, above, most, mirror = json.loads(${JSON.stringify(JSON.stringify(given))}), ${SIDE}, 6, -5, 5, ${JSON.stringify(leftRight ?? '')}
z = np.array([one["z"] for one in given], float)
frame = np.array([one["frame"] for one in given])
top, left = frame[:, 0].min(), frame[:, 1].min()
height, width = (frame[:, 0] + frame[:, 2]).max() - top, (frame[:, 1] + frame[:, 3]).max() - left
laid = []
for one, (t, l, h, w) in zip(given, frame):
    centres = (np.arange(24) + 0.5) / 24
    y, x = (top + centres * height - t) / h * side - 0.5, (left + centres * width - l) / w * side - 0.5
    inside = ((y > -0.5) & (y < side - 0.5))[:, None] & ((x > -0.5) & (x < side - 0.5))[None]
    at = np.meshgrid(y.clip(0, side - 1), x.clip(0, side - 1), indexing="ij")
    laid.append(np.where(inside, map_coordinates(np.reshape(one["values"], (side, side)), at, order=1), np.nan))
laid = np.array(laid)
weight = np.exp(-0.5 * ((z[:, None] - z) / reach) ** 2) * (abs(z[:, None] - z) <= 3 * reach)
there = np.isfinite(laid)
limited = np.minimum(laid[None], np.maximum(np.where(there, laid, -np.inf), ${limit})[:, None])
smooth = np.einsum("ij,ijrc->irc", weight, np.nan_to_num(limited)) / np.einsum("ij,jrc->irc", weight, there * 1.0).clip(1e-300)
smooth[np.einsum("ij,jrc->irc", weight, there * 1.0) == 0] = np.nan
area = frame[:, 2] * frame[:, 3]
other = np.full(smooth.shape, np.nan)
if mirror == "COLUMNS":
    middle = (np.average(frame[:, 1] + frame[:, 3] / 2, weights=area) - left) / width * 24 - 0.5
    for column in range(24):
        a = int(np.floor(2 * middle - column)); f = 2 * middle - column - a
        pair = [smooth[:, :, c] if 0 <= c < 24 else np.full(smooth.shape[:2], np.nan) for c in (a, a + 1)]
        both = pair[0] * (1 - f) + pair[1] * f
        other[:, :, column] = np.where(np.isnan(pair[0]), pair[1], np.where(np.isnan(pair[1]), pair[0], both))
if mirror == "SLICES":
    middle = np.average(z, weights=area)
    for i in range(len(z)):
        gap = abs(z - (2 * middle - z[i]))
        if gap.min() <= reach: other[i] = smooth[gap.argmin()]
left_over = smooth - np.nan_to_num((other - above).clip(0, most))
scores = [float(np.log(np.exp(left_over[i][there[i]]).mean())) for i in range(len(z))]`,
    'scores',
  );
}
