import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { fullScale, peakOf, resampleToSlice } from '../../src/images/heatmap.js';
import { encodePng } from '../../src/images/png.js';
import { renderHeatmap, renderOverlay } from '../../src/images/renderOverlay.js';
import { resizeGrey } from '../../src/images/resizeGrey.js';

const map = (
  rows: number,
  columns: number,
  values: number[],
  frame: { top: number; left: number; height: number; width: number },
) => ({
  rows,
  columns,
  values: Float32Array.from(values),
  frame,
});
const whole = { top: 0, left: 0, height: 8, width: 8 };
const size = { rows: 8, columns: 8 };

describe('a map on the slice’s grid', () => {
  it('has its own value at the centre of each cell, and is linear between centres', () => {
    const resampled = resampleToSlice(map(2, 2, [0, 4, 8, 12], whole), { rows: 8, columns: 8 });
    const at = (row: number, column: number) => resampled[row * 8 + column];
    // Cells are 4 × 4 pixels: their centres lie between pixels 1 and 2, and 5 and 6; beyond them the map is level.
    expect(at(1, 1)).toBe(0);
    expect(at(2, 2)).toBeCloseTo(1.5, 5);
    expect(at(0, 0)).toBe(0);
    expect(at(7, 7)).toBe(12);
    expect((at(3, 3) as number) + (at(4, 4) as number)).toBeCloseTo(12, 5);
    expect(at(0, 3)).toBeCloseTo(1.5, 5);
  });

  it('lies where the model looked: in its frame, and nowhere else', () => {
    const resampled = resampleToSlice(map(1, 1, [5], { top: 2, left: 4, height: 3, width: 2 }), size);
    const inside = [...resampled].map((value, i) => (value > 0 ? [Math.floor(i / 8), i % 8] : null)).filter(Boolean);
    expect(inside).toEqual([
      [2, 4],
      [2, 5],
      [3, 4],
      [3, 5],
      [4, 4],
      [4, 5],
    ]);
  });

  it('may reach beyond the slice, where the model saw padding', () => {
    const resampled = resampleToSlice(map(1, 2, [1, 3], { top: -4, left: -8, height: 16, width: 16 }), size);
    expect(Math.min(...resampled)).toBeGreaterThan(1.9);
    expect(Math.max(...resampled)).toBe(3);
  });

  it('has its peak at the centre of its largest cell', () => {
    expect(peakOf(map(2, 2, [0, 0, 7, 1], { top: 10, left: 20, height: 8, width: 4 }))).toEqual({ x: 21, y: 16 });
  });
});

describe('the colours of a map', () => {
  it('reach the strongest at its maximum', () => {
    const { data } = renderHeatmap(map(1, 2, [0, 9], { top: 0, left: 0, height: 1, width: 2 }), {
      rows: 1,
      columns: 2,
    });
    expect([...data.slice(0, 3)]).toEqual([0, 0, 4]);
    expect([...data.slice(3)]).toEqual([252, 255, 164]);
  });

  it('stay dark for a map that says next to nothing', () => {
    const faint = map(2, 2, [0.01, 0, 0, 0], whole);
    expect(fullScale(faint)).toBe(0.25);
    expect(Math.max(...renderHeatmap(faint, size).data)).toBeLessThan(50);
  });

  it('leave the slice as it is where the map is 0, and with no opacity', () => {
    const grey = Uint8Array.from({ length: 64 }, (_, i) => i * 4);
    const asRgb = [...grey].flatMap((value) => [value, value, value]);
    expect([...renderOverlay(grey, map(1, 1, [0], whole), size, 1).data]).toEqual(asRgb);
    expect([...renderOverlay(grey, map(1, 1, [9], whole), size, 0).data]).toEqual(asRgb);
    expect([...renderOverlay(grey, map(1, 1, [9], whole), size, 1).data.slice(0, 3)]).toEqual([252, 255, 164]);
  });
});

describe('a picture', () => {
  it('says in its file what it shows and what it is for', () => {
    const png = encodePng({ width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) }, 'Grad-CAM of "glioma"');
    expect(decode(png).text).toMatchObject({
      Disclaimer: 'Research use only - not for diagnostic use',
      Description: 'Grad-CAM of "glioma"',
    });
  });

  it('is resized with its longer side as asked, and without leaving its range', () => {
    const data = Uint8Array.from({ length: 12 }, (_, i) => (i % 2 ? 255 : 0));
    const { width, height, data: resized } = resizeGrey({ width: 4, height: 3, channels: 1, data }, 40);
    expect([width, height]).toEqual([40, 30]);
    expect([Math.min(...resized), Math.max(...resized)]).toEqual([0, 255]);
  });
});
