import { describe, expect, it } from 'vitest';
import { combine, type Finding } from '../../src/inference/combine.js';
import { type SlicePrediction } from '../../src/inference/slicePrediction.js';
import { createRandom } from '../fuzz/random.mjs';
import { generate, LABELS, NORMAL, verdict } from './generatedSeries.js';

const RULES = [
  { normalLabel: NORMAL },
  { normalLabel: NORMAL, surest: 0.709, absent: 0.55, clear: 0.6 },
  { normalLabel: NORMAL, surest: 0.8, absent: 0.3 },
];
const SEEDS = Array.from({ length: 1500 }, (_, index) => `series ${index}`);
const studies = SEEDS.map((seed) => ({ seed, verdicts: generate(seed), rule: createRandom(seed).of(RULES) }));

/** 0: nothing found; 1: no answer; 2: something is there, of a kind that is sure or not. */
function presence(finding: Finding | null): number {
  if (finding === null) return 1;
  if (finding.abstentionReason === 'KINDS_DISAGREE') return 2;
  return finding.abstained ? 1 : finding.label === NORMAL ? 0 : 2;
}

const said = (finding: Finding | null) =>
  finding && {
    level: presence(finding),
    reason: finding.abstentionReason,
    confidence: finding.confidence.toFixed(9),
    counts: finding.sliceCounts.toSorted((a, b) => (a.label < b.label ? -1 : 1)),
  };

describe('a study’s answer, over generated studies', () => {
  it('is of every sort, so that what follows is told of all of them', () => {
    const found = studies.map(({ verdicts, rule }) => combine(verdicts, rule));
    for (const level of [0, 1, 2]) expect(found.filter((one) => presence(one) === level).length).toBeGreaterThan(100);
    const reasons = new Set(found.map((one) => one?.abstentionReason));
    for (const reason of ['TOO_SMALL', 'KINDS_DISAGREE', 'TOO_FEW_SLICES', 'LOW_CONFIDENCE', 'OUT_OF_DISTRIBUTION'])
      expect(reasons).toContain(reason);
  });

  it('never moves towards "nothing found" by a slice that shows a tumour, of whatever kind, in place of what it showed', () => {
    for (const { seed, verdicts, rule } of studies) {
      const random = createRandom(`${seed} changed`);
      const before = presence(combine(verdicts, rule));
      for (let time = 0; time < 6; time++) {
        const at = random.below(verdicts.length);
        const shown = random.of([0.55, 0.75, 0.9, 0.999]);
        const slice = verdicts[at] as SlicePrediction;
        if (slice.label !== NORMAL && slice.status !== 'FAILED' && slice.status !== 'ABSTAINED') continue;
        if (slice.status === 'ABSTAINED' && 1 - normalOf(slice) > shown) continue; // that would be less evidence
        const changed = verdicts.with(at, verdict(slice, shown, random.of(LABELS.filter((label) => label !== NORMAL))));
        expect(presence(combine(changed, rule)), `${seed}, slice ${at}`).toBeGreaterThanOrEqual(before);
      }
    }
  });

  it('never moves towards "nothing found" by a higher probability of a tumour in any slice', () => {
    for (const { seed, verdicts, rule } of studies) {
      const random = createRandom(`${seed} raised`);
      const at = random.below(verdicts.length);
      const slice = verdicts[at] as SlicePrediction;
      if (slice.status !== 'CLASSIFIED' || slice.label === NORMAL) continue;
      const raised = verdicts.with(at, verdict(slice, 1 - normalOf(slice) / 2, slice.label as string));
      const before = presence(combine(verdicts, rule));
      expect(presence(combine(raised, rule)), seed).toBeGreaterThanOrEqual(before);
    }
  });

  it('never moves towards "nothing found" by one more slice that shows a tumour, wherever it lies', () => {
    let told = 0;
    for (const { seed, verdicts, rule } of studies) {
      const random = createRandom(`${seed} inserted`);
      const before = presence(combine(verdicts, rule));
      if (before === 0 || verdicts.some(({ location }) => location === null)) continue;
      for (let time = 0; time < 4; time++) {
        const [a, b] = [random.of(verdicts), random.of(verdicts)];
        const location = ((a.location as number) + (b.location as number)) / 2 + random.below(10) / 10;
        const place = { sliceId: 'inserted', seriesId: a.seriesId, position: 0, location };
        const more = [...verdicts, verdict(place, random.of([0.6, 0.75, 0.9]))]
          .toSorted((one, other) => (one.location as number) - (other.location as number))
          .map((slice, position) => ({ ...slice, position }));
        expect(presence(combine(more, rule)), seed).toBeGreaterThan(0);
        told++;
      }
    }
    expect(told).toBeGreaterThan(1000);
  });

  it('takes a tie for a tie, whatever slices elsewhere add to the sums', () => {
    const verdicts = generate('series 540'); // its largest probability over 10 mm is as high as is allowed
    const rule = { normalLabel: NORMAL, surest: 0.709 };
    const before = presence(combine(verdicts, rule));
    for (const [at, slice] of verdicts.entries())
      if (slice.label === NORMAL)
        expect(presence(combine(verdicts.with(at, verdict(slice, 0.75)), rule)), `${at}`).toBeGreaterThanOrEqual(
          before,
        );
  });

  it('does not depend on the order in which slices come', () => {
    for (const { seed, verdicts, rule } of studies) {
      const random = createRandom(`${seed} shuffled`);
      const shuffled = verdicts
        .map((slice) => ({ slice, key: random.below(1 << 30) }))
        .sort((a, b) => a.key - b.key)
        .map(({ slice }) => slice);
      expect(combine(shuffled, rule), seed).toEqual(combine(verdicts, rule));
    }
  });

  it('does not depend on the end at which a series begins', () => {
    for (const { seed, verdicts, rule } of studies) {
      const turned = verdicts.map((slice) => ({
        ...slice,
        position: 1000 - slice.position,
        location: slice.location === null ? null : -slice.location,
      }));
      expect(presence(combine(turned, rule)), seed).toBe(presence(combine(verdicts, rule)));
    }
  });

  it('treats all kinds alike', () => {
    const other: Record<string, string> = { glioma: 'pituitary', pituitary: 'meningioma', meningioma: 'glioma' };
    const renamed = (label: string | null) => (label === null ? null : (other[label] ?? label));
    for (const { seed, verdicts, rule } of studies) {
      const exchanged = verdicts.map((slice) => ({
        ...slice,
        label: renamed(slice.label),
        probabilities: slice.probabilities.map((one) => ({ ...one, label: renamed(one.label) as string })),
      }));
      const [before, after] = [combine(verdicts, rule), combine(exchanged, rule)];
      expect(said(after)?.level, seed).toBe(said(before)?.level);
      expect(said(after)?.reason, seed).toBe(said(before)?.reason);
      if (before && after && presence(before) === 2 && !before.abstained)
        expect(after.label).toBe(renamed(before.label));
    }
  });

  it('rises and never falls as the same slices lie farther apart, from 0.5 to 20 mm', () => {
    for (const { seed, verdicts, rule } of studies.filter((_, index) => index % 3 === 0)) {
      const findings = Array.from({ length: 40 }, (_, step) => 0.5 * (step + 1)).map((spacing) =>
        combine(
          verdicts.map((slice) => ({ ...slice, location: slice.position * spacing })),
          rule,
        ),
      );
      const found = findings.map((finding) => presence(finding) === 2);
      expect(found, seed).toEqual(found.toSorted((a, b) => Number(a) - Number(b)));
    }
  });

  it('names no kind where nearly all slices are normal and it does not know whether there is anything', () => {
    let told = 0;
    for (const { verdicts, rule } of studies) {
      const finding = combine(verdicts, rule);
      const seen = verdicts.filter(({ status }) => status !== 'FAILED');
      const normal = seen.filter(({ label }) => label === NORMAL).length / seen.length;
      if (finding === null || presence(finding) !== 1 || normal < 0.8) continue;
      expect(finding.label).toBe(NORMAL);
      told++;
    }
    expect(told).toBeGreaterThan(50);
  });

  it('is as likely as the probabilities of the slices that it rests on', () => {
    for (const { verdicts, rule } of studies) {
      const finding = combine(verdicts, rule);
      if (!finding) continue;
      const sum = finding.probabilities.reduce((total, { probability }) => total + probability, 0);
      expect(sum).toBeCloseTo(1, 9);
      expect(finding.confidence).toBe(finding.probabilities.find(({ label }) => label === finding.label)?.probability);
    }
  });
});

const normalOf = ({ probabilities }: SlicePrediction): number =>
  probabilities.find(({ label }) => label === NORMAL)?.probability ?? 1;

describe('a tumour of some millimetres, between normal slices', () => {
  /** What is said of it wherever the slices lie: the lowest and the highest of all shifts. */
  function range(size: number, spacing: number): [number, number] {
    const levels = Array.from({ length: 40 }, (_, shift) => {
      const count = Math.ceil(160 / spacing);
      const offset = (shift / 40) * spacing;
      const slices = Array.from({ length: count }, (_, position) => {
        const place = { sliceId: String(position), seriesId: 's', position, location: offset + position * spacing };
        return verdict(place, Math.abs(place.location - 80) < size / 2 ? 0.97 : 0.2);
      });
      return presence(combine(slices, { normalLabel: NORMAL, surest: 0.709, absent: 0.55 }));
    });
    return [Math.min(...levels), Math.max(...levels)];
  }

  it('of 11 mm is found wherever the slices lie, up to 5.5 mm apart', () => {
    for (let spacing = 0.5; spacing <= 5.5; spacing += 0.05)
      expect(range(11, spacing), `${spacing} mm`).toEqual([2, 2]);
  });

  it('of 10 mm or more is never answered "nothing found" where a slice meets it, and of 21 mm or more it is found', () => {
    for (let spacing = 0.5; spacing <= 20; spacing += 0.25) {
      for (const size of [10, 11, 15, 21, 30])
        if (size > spacing) expect(range(size, spacing)[0], `${size} mm at ${spacing}`).toBeGreaterThanOrEqual(1);
      if (spacing <= 10.5) expect(range(21.1, spacing), `${spacing} mm`).toEqual([2, 2]);
    }
  });
});
