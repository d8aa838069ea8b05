/** Makes pseudo-random numbers that are the same on every machine: 0 ≤ value < 1 (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Smooth noise of about -1 to 1, which changes over about one unit of its coordinates. */
export type SmoothNoise = (x: number, y: number, z: number) => number;

/** Makes gradient noise on the unit lattice (K. Perlin, "Improving noise", 2002). */
export function smoothNoise(seed: number): SmoothNoise {
  const random = randomNumbers(seed);
  const order = Uint8Array.from({ length: 256 }, (_, index) => index);
  for (let index = 255; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const kept = order[index] as number;
    order[index] = order[other] as number;
    order[other] = kept;
  }
  const at = (index: number) => order[index & 255] as number;
  return (x, y, z) => {
    const [left, top, near] = [Math.floor(x), Math.floor(y), Math.floor(z)];
    const [dx, dy, dz] = [x - left, y - top, z - near];
    const [u, v, w] = [fade(dx), fade(dy), fade(dz)];
    let sum = 0;
    for (let corner = 0; corner < 8; corner++) {
      const [i, j, k] = [corner & 1, (corner >> 1) & 1, corner >> 2];
      const hash = at(at(at(left + i) + top + j) + near + k);
      const weight = (i ? u : 1 - u) * (j ? v : 1 - v) * (k ? w : 1 - w);
      sum += weight * slope(hash, dx - i, dy - j, dz - k);
    }
    return sum;
  };
}

function fade(t: number): number {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

/** The dot product with one of the twelve directions to the middles of a cube's edges. */
function slope(hash: number, x: number, y: number, z: number): number {
  const kind = hash & 15;
  const u = kind < 8 ? x : y;
  const v = kind < 4 ? y : kind === 12 || kind === 14 ? x : z;
  return (kind & 1 ? -u : u) + (kind & 2 ? -v : v);
}

/** 0 below `from`, 1 above `to`, smooth between. `from` may be the larger one. */
export function smoothStep(from: number, to: number, value: number): number {
  const t = Math.max(0, Math.min(1, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Interpolates linearly: `from` at a share of 0, `to` at 1. */
export function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}
