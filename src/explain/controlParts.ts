import type { GrayscaleImage } from '../inference/image.js';

/** A rectangle in pixels of a slice. */
export type Rectangle = { top: number; left: number; height: number; width: number };

const PARTS = 6; // each costs a forward pass
const SEEDS = 5; // along each side of the grid

/**
 * Chooses parts of a slice as controls for the hottest one: each compact, as large as that, and apart from it and each
 * other. Parts in which the blur changes most come first, because the air around a head is not a control.
 * @returns for each part the indices of its pixels; fewer than six parts where the model's input has no room for more.
 */
export function controlParts(
  hottest: readonly number[],
  seen: Rectangle,
  image: GrayscaleImage,
  blurred: Float32Array,
): number[][] {
  const size = hottest.length;
  if (size === 0) return [];
  const taken = new Uint8Array(image.pixels.length);
  for (const place of hottest) taken[place] = 1;
  let free = seen.height * seen.width - size;
  const parts: number[][] = [];
  for (const seed of seedsByChange(Math.sqrt(size), seen, image, blurred)) {
    if (parts.length === PARTS || free < size) break;
    if (taken[seed.row * image.columns + seed.column]) continue;
    const part = nearest(seed, size, seen, image.columns, taken);
    for (const place of part) taken[place] = 1;
    free -= size;
    parts.push(part);
  }
  return parts;
}

type Seed = { row: number; column: number };

/** Points of an even grid, ordered by how much the blur changes in a square of the given side around each. */
function seedsByChange(
  side: number,
  seen: Rectangle,
  { rows, columns, pixels }: GrayscaleImage,
  blurred: Float32Array,
) {
  const seeds: (Seed & { change: number })[] = [];
  const half = Math.ceil(side / 2);
  for (let y = 0; y < SEEDS; y++)
    for (let x = 0; x < SEEDS; x++) {
      const row = seen.top + Math.floor(((y + 0.5) / SEEDS) * seen.height);
      const column = seen.left + Math.floor(((x + 0.5) / SEEDS) * seen.width);
      let change = 0;
      for (let r = Math.max(0, row - half); r < Math.min(rows, row + half); r++)
        for (let c = Math.max(0, column - half); c < Math.min(columns, column + half); c++)
          change += Math.abs((pixels[r * columns + c] as number) - (blurred[r * columns + c] as number));
      seeds.push({ row, column, change });
    }
  return seeds.sort((a, b) => b.change - a.change);
}

/** The `size` free pixels nearest to the seed: whole rings, each a pixel wide, and a part of the last one. */
function nearest({ row, column }: Seed, size: number, seen: Rectangle, columns: number, taken: Uint8Array): number[] {
  const eachFree = (visit: (place: number, ring: number) => void) => {
    for (let r = seen.top; r < seen.top + seen.height; r++)
      for (let c = seen.left; c < seen.left + seen.width; c++)
        if (!taken[r * columns + c]) visit(r * columns + c, Math.floor(Math.sqrt((r - row) ** 2 + (c - column) ** 2)));
  };
  const counts = new Uint32Array(seen.height + seen.width);
  eachFree((_, ring) => {
    counts[ring] = (counts[ring] as number) + 1;
  });
  let [last, within] = [0, 0];
  while (within + (counts[last] as number) < size) within += counts[last++] as number;
  const [part, edge]: [number[], number[]] = [[], []];
  eachFree((place, ring) => {
    if (ring < last) part.push(place);
    else if (ring === last) edge.push(place);
  });
  return [...part, ...edge.slice(0, size - part.length)];
}
