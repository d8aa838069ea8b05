import { buildHead, type PhantomHead } from './anatomy.js';
import { type GrownLesion, growLesion, type Lesion, type LesionLabel, placeLesion } from './lesion.js';
import { mix, randomNumbers, smoothStep } from './noise.js';

/** Seed of the sample study. Training never sees this head, because its seeds start at 1000. */
export const SAMPLE_SEED = 11;

export const PHANTOM_ROWS = 256;
export const PHANTOM_COLUMNS = 256;
/** mm between rows, then between columns. */
export const PHANTOM_PIXEL_SPACING = [0.86, 0.86] as const;

const LOWEST = -27; // mm: the level of the cerebellum
const HIGHEST = 77; // mm: under the crown
const FULL_SCALE = 2300; // stored value of the brightest fat; 12 bits hold up to 4095

/** A drawn slice. */
export type PhantomSlice = {
  rows: number;
  columns: number;
  /** 12-bit stored values, row by row. The first row is the front of the head, the first column its right side. */
  pixels: Uint16Array;
  /** 1 where there is tumour, else 0. */
  lesionMask: Uint8Array;
  /** Height above the middle of the head, mm. */
  z: number;
};

/**
 * Draws an axial slice of a head that does not exist, as a T1-weighted image after contrast agent would show it. It is
 * computed from ellipsoids, tubes and smooth noise, from nobody's image. The same arguments give the same pixels.
 * @param position from 0 at the cerebellum to 1 near the crown.
 */
export function phantomSlice(seed: number, position: number, lesion: Lesion | null): PhantomSlice {
  const head = buildHead(seed);
  return drawSlice(seed, position, head, lesion && growLesion(lesion, seed));
}

/**
 * Draws all slices of one head, from its base to its crown.
 * @param lesion by default the seed's own glioma; null for a healthy head.
 */
export function phantomVolume(seed: number, sliceCount = 22, lesion?: Lesion | null): PhantomSlice[] {
  const head = buildHead(seed);
  const found = lesion === undefined ? phantomLesion(seed, 'glioma') : lesion;
  const grown = found && growLesion(found, seed);
  return Array.from({ length: sliceCount }, (_, index) => drawSlice(seed, index / (sliceCount - 1), head, grown));
}

/** The lesion of this kind that the seed's head has. */
export function phantomLesion(seed: number, label: LesionLabel): Lesion {
  return placeLesion(label, buildHead(seed), randomNumbers(seed + 211));
}

function drawSlice(seed: number, position: number, head: PhantomHead, lesion: GrownLesion | null): PhantomSlice {
  const [rows, columns] = [PHANTOM_ROWS, PHANTOM_COLUMNS];
  const z = mix(LOWEST, HIGHEST, position);
  const clean = new Float32Array(rows * columns);
  const lesionMask = new Uint8Array(rows * columns);
  const pose = randomNumbers(seed + 307);
  const [shiftX, shiftY] = [mix(-5, 5, pose()), mix(-6, 6, pose())]; // mm
  const turn = mix(-0.06, 0.06, pose()); // radians
  const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const right = (column - columns / 2 + 0.5) * PHANTOM_PIXEL_SPACING[1] - shiftX;
      const down = (row - rows / 2 + 0.5) * PHANTOM_PIXEL_SPACING[0] - shiftY;
      const point = [right * cosine - down * sine, right * sine + down * cosine, z] as const;
      const depth = head.depth(point);
      if (depth < -1) continue;
      const index = row * columns + column;
      if (!lesion) {
        clean[index] = head.signal(point, depth);
        continue;
      }
      const tissue = head.signal(lesion.origin(point, depth), depth);
      const { signal, tumour } = lesion.paint(point, depth, tissue);
      clean[index] = signal;
      if (tumour) lesionMask[index] = 1;
    }
  }
  return { rows, columns, pixels: acquire(blur(clean, columns), columns, seed, position), lesionMask, z };
}

/** The point spread of the scanner: each pixel takes a little of its neighbours. */
function blur(image: Float32Array, columns: number): Float32Array {
  const pass = (from: Float32Array, step: number) =>
    from.map((value, index) => 0.6 * value + 0.2 * ((from[index - step] ?? 0) + (from[index + step] ?? 0)));
  return pass(pass(image, 1), columns);
}

/** Adds the sensitivity of the coil, highest near the skin, and the Rician noise of a magnitude image. */
function acquire(image: Float32Array, columns: number, seed: number, position: number): Uint16Array {
  const random = randomNumbers(seed * 1009 + Math.round(position * 9973));
  const coil = randomNumbers(seed + 401);
  const [tiltX, tiltY, rim, noise] = [
    mix(-0.1, 0.1, coil()),
    mix(-0.1, 0.1, coil()),
    mix(0.04, 0.16, coil()),
    mix(0.012, 0.024, coil()),
  ];
  const pixels = new Uint16Array(image.length);
  for (let index = 0; index < image.length; index++) {
    const x = ((index % columns) / columns) * 2 - 1;
    const y = (Math.floor(index / columns) / columns) * 2 - 1;
    const gain = 1 + tiltX * x + tiltY * y + rim * smoothStep(0, 1, Math.hypot(x, y)) - rim / 2;
    // Box–Muller transform: two independent normal deviates, for the real and the imaginary channel.
    const size = noise * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    const magnitude = Math.hypot((image[index] as number) * gain + size * Math.cos(angle), size * Math.sin(angle));
    pixels[index] = Math.min(4095, Math.round(magnitude * FULL_SCALE));
  }
  return pixels;
}
