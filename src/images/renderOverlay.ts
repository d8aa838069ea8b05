import { interpolateInferno } from 'd3-scale-chromatic';
import { type ExplanationMap, fullScale, resampleToSlice } from './heatmap.js';
import type { Picture } from './png.js';

/** Inferno (S. van der Walt, N. Smith, 2015): perceptually uniform, dark to bright also in grey. 256 RGB entries. */
const INFERNO = Array.from({ length: 256 }, (_, index) => {
  const [red, green, blue] = (interpolateInferno(index / 255).match(/[0-9a-f]{2}/gi) ?? []).map((hex) =>
    Number.parseInt(hex, 16),
  );
  return [red as number, green as number, blue as number] as const;
});

/** The map on the slice's grid, in colour. */
export function renderHeatmap(map: ExplanationMap, size: { rows: number; columns: number }): Picture {
  const levels = levelsOf(map, size);
  const data = new Uint8Array(levels.length * 3);
  for (let index = 0; index < levels.length; index++)
    data.set(INFERNO[levels[index] as number] as readonly number[], index * 3);
  return { width: size.columns, height: size.rows, channels: 3, data };
}

/**
 * The heat map over the slice. A pixel's colour covers the grey in proportion to its value, at most by `opacity`, so
 * where the map is 0 the slice stays as it is.
 * @param grey the slice as displayed, 8 bits.
 */
export function renderOverlay(
  grey: Uint8Array,
  map: ExplanationMap,
  size: { rows: number; columns: number },
  opacity: number,
): Picture {
  const levels = levelsOf(map, size);
  const data = new Uint8Array(levels.length * 3);
  for (let index = 0; index < levels.length; index++) {
    const level = levels[index] as number;
    const cover = opacity * Math.min(1, level / 128); // the upper half of the scale at full opacity
    const colour = INFERNO[level] as readonly number[];
    for (let channel = 0; channel < 3; channel++)
      data[index * 3 + channel] = Math.round(
        (grey[index] as number) * (1 - cover) + (colour[channel] as number) * cover,
      );
  }
  return { width: size.columns, height: size.rows, channels: 3, data };
}

function levelsOf(map: ExplanationMap, size: { rows: number; columns: number }): Uint8Array {
  const scale = fullScale(map);
  return Uint8Array.from(resampleToSlice(map, size), (value) => Math.round((Math.min(value, scale) / scale) * 255));
}
