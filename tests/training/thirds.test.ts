import { describe, expect, it } from 'vitest';
import { evaluate as evaluateAfter, hasPython } from './python.js';

// Of one group 90 axial slices of Cheng's, in reverse, and 30 sagittal ones between them in number; twelve clusters of copies from the
// web, of three slices each.
const rows = `
cheng = [{"group": "c", "plane": "ax", "cheng_index": str(1000 - 7 * at)} for at in range(90)]
cheng += [{"group": "c", "plane": "sag", "cheng_index": str(400 + at)} for at in range(30)]
web = [{"group": f"w{at // 3}", "plane": "ax", "cheng_index": ""} for at in range(36)]
rows = cheng + web`;
const evaluate = (expression: string) => evaluateAfter(`from thirds import *\n${rows}`, expression);

describe.skipIf(!hasPython('numpy'))('the thirds of the labelled slices', () => {
  it('follow the order of patients in each plane, at the same shares of the way', () => {
    const third: number[] = evaluate('third_of(rows).tolist()');
    expect(third.slice(0, 90)).toEqual([...Array(30).fill(2), ...Array(30).fill(1), ...Array(30).fill(0)]);
    expect(third.slice(90, 120)).toEqual([...Array(10).fill(0), ...Array(10).fill(1), ...Array(10).fill(2)]);
  });

  it('hold a cluster of copies together, and some of each', () => {
    const clusters: number[][] = evaluate('third_of(web).reshape(12, 3).tolist()');
    for (const cluster of clusters) expect(new Set(cluster).size).toBe(1);
    expect(new Set(clusters.flat())).toEqual(new Set([0, 1, 2]));
  });

  it('have ten slices on either side of a cut that are near it, and none from the web', () => {
    const near: boolean[] = evaluate('near_cut(rows).tolist()');
    const axial = near.slice(0, 90).reverse();
    expect(axial.map((is, at) => (is ? at : -1)).filter((at) => at >= 0)).toEqual([
      ...Array.from({ length: 20 }, (_, at) => 20 + at),
      ...Array.from({ length: 20 }, (_, at) => 50 + at),
    ]);
    expect(near.slice(120)).not.toContain(true);
  });
});
