import type { Colour } from './canvas.js';
import { INFERNO } from './colourMap.js';
import { type ExplanationMap, fullScale, resampleToSlice } from './heatmap.js';
import type { Picture } from './png.js';

/** Renders a map as computed, one pixel for each cell. */
export function renderRawMap(map: ExplanationMap): Picture {
  return inColour(levels(map.values, fullScale(map)), map);
}

/** Renders a map on the slice's grid, in colour. */
export function renderHeatmap(map: ExplanationMap, size: { rows: number; columns: number }): Picture {
  return inColour(levels(resampleToSlice(map, size), fullScale(map)), size);
}

/**
 * Renders a heat map over its slice. A pixel's colour covers the grey in proportion to its value, at most by `opacity`,
 * so the slice stays as it is where the map is 0.
 * @param grey the slice as displayed, 8 bits.
 */
export function renderOverlay(
  grey: Uint8Array,
  map: ExplanationMap,
  size: { rows: number; columns: number },
  opacity: number,
): Picture {
  const shown = levels(resampleToSlice(map, size), fullScale(map));
  const data = new Uint8Array(shown.length * 3);
  for (let index = 0; index < shown.length; index++) {
    const level = shown[index] as number;
    const cover = opacity * Math.min(1, level / 128); // the upper half of the scale has full opacity
    const colour = INFERNO[level] as Colour;
    for (let channel = 0; channel < 3; channel++)
      data[index * 3 + channel] = Math.round(
        (grey[index] as number) * (1 - cover) + (colour[channel] as number) * cover,
      );
  }
  return { width: size.columns, height: size.rows, channels: 3, data };
}

function levels(values: Float32Array, scale: number): Uint8Array {
  return new Uint8Array(values.map((value) => Math.round((Math.min(value, scale) / scale) * 255)));
}

function inColour(shown: Uint8Array, { rows, columns }: { rows: number; columns: number }): Picture {
  const data = new Uint8Array(shown.length * 3);
  for (const [index, level] of shown.entries()) data.set(INFERNO[level] as Colour, index * 3);
  return { width: columns, height: rows, channels: 3, data };
}
