import type { PhantomHead } from './anatomy.js';
import { type HeadPoint, SIGNAL } from './headTraits.js';
import { mix, type SmoothNoise, smoothNoise, smoothStep } from './noise.js';

/** Kinds of lesions, under the labels of our model. */
export type LesionLabel = 'glioma' | 'meningioma' | 'pituitary';

/** A lesion. `centre` and `radius` in mm; its surface wavers around the radius. */
export type Lesion = { label: LesionLabel; centre: HeadPoint; radius: number };

/** A lesion as drawing needs it. */
export type GrownLesion = {
  /** Where the tissue that is now at `point` was before the lesion pushed it aside. */
  origin: (point: HeadPoint, depth: number) => HeadPoint;
  /** The signal at `point`, and whether it is tumour; `tissue` is the signal of the tissue there. */
  paint: (point: HeadPoint, depth: number, tissue: number) => { signal: number; tumour: boolean };
};

const INNER_SKULL = 12.5; // mm under the skin

/** Grows a lesion: its irregular surface, what it looks like, and how it pushes the brain aside. */
export function growLesion(lesion: Lesion, seed: number): GrownLesion {
  const noise: LesionNoise = { surface: smoothNoise(seed + 101), inner: smoothNoise(seed + 131) };
  return {
    origin: (point, depth) => originOf(lesion, point, depth),
    paint: (point, depth, tissue) => {
      const within = smoothStep(INNER_SKULL - 0.7, INNER_SKULL + 0.7, depth); // bone is never tumour
      const { signal, tumour } =
        lesion.label === 'glioma'
          ? paintGlioma(lesion, noise, point, tissue)
          : paintSolid(lesion, noise, point, depth, tissue);
      return { signal: mix(tissue, signal, within), tumour: tumour && within > 0.5 };
    },
  };
}

type LesionNoise = { surface: SmoothNoise; inner: SmoothNoise };

/** Distance from the centre, in radii of the wavering surface. */
function relativeDistance({ centre, radius, label }: Lesion, { surface }: LesionNoise, [x, y, z]: HeadPoint): number {
  const rough = label === 'glioma' ? 0.42 : 0.16;
  const [dx, dy, dz] = [x - centre[0], y - centre[1], z - centre[2]];
  const distance = Math.hypot(dx, dy, dz);
  if (distance < 1e-6) return 0;
  const [u, v, w] = [dx / distance, dy / distance, dz / distance];
  const waver = surface(u * 1.5, v * 1.5, w * 1.5) + 0.22 * surface(u * 3.3 + 5, v * 3.3, w * 3.3);
  return distance / (radius * (1 + rough * waver));
}

/** Where the tissue at `point` was before the lesion pushed it aside; `depth` is its depth under the skin, mm. */
function originOf({ centre, radius }: Lesion, point: HeadPoint, depth: number): HeadPoint {
  const [dx, dy, dz] = [point[0] - centre[0], point[1] - centre[1], point[2] - centre[2]];
  const distance = Math.hypot(dx, dy, dz);
  const far = smoothStep(radius * 4.5, radius, distance);
  const fixed = smoothStep(INNER_SKULL, INNER_SKULL + 14, depth); // the skull does not give way
  const before = Math.cbrt(Math.max(0.02, 1 - 0.55 * fixed * far * Math.min(1, (radius / (distance + 1e-6)) ** 3)));
  return [centre[0] + dx * before, centre[1] + dy * before, centre[2] + dz * before];
}

/** A glioma: an enhancing ring around a dark core, with oedema. */
function paintGlioma(lesion: Lesion, noise: LesionNoise, point: HeadPoint, tissue: number) {
  const t = relativeDistance(lesion, noise, point);
  const { surface, inner } = noise;
  const [x, y, z] = point;
  const edge = surface(x / 9, y / 9, z / 9);
  // Oedema spreads like fingers along white matter, which it darkens; the cortex keeps its signal.
  const oedema = smoothStep(2.05 + 0.7 * edge, 1.35 + 0.7 * edge, t) * smoothStep(0.44, 0.5, tissue);
  const around = mix(tissue, 0.34, 0.85 * oedema);
  const wall = 0.72 + 0.2 * inner(x / 8, y / 8, z / 8); // the ring's inner surface, nodular
  const core = 0.17 + 0.09 * inner(x / 4 + 3, y / 4, z / 4);
  const ring = 0.86 + 0.24 * inner(x / 5, y / 5 + 9, z / 5);
  const soft = 0.9 / lesion.radius; // about a millimetre of partial volume
  const tumour = mix(ring, core, smoothStep(wall + soft, wall - soft, t));
  return { signal: mix(tumour, around, smoothStep(1 - soft, 1 + soft, t)), tumour: t <= 1 };
}

/** A meningioma or a pituitary tumour: bright throughout, with a cleft of fluid around it. */
function paintSolid(lesion: Lesion, noise: LesionNoise, point: HeadPoint, depth: number, tissue: number) {
  const t = relativeDistance(lesion, noise, point);
  const { label, radius } = lesion;
  const [x, y, z] = point;
  const soft = 0.8 / radius;
  const bright = 0.86 + 0.1 * noise.inner(x / 7, y / 7, z / 7);
  const cleft = mix(SIGNAL.fluid + 0.05, tissue, smoothStep(1.02, 1.02 + 2.5 / radius, t));
  // A meningioma's dura enhances beyond its base: the dural tail.
  const tail =
    label === 'meningioma' ? smoothStep(1.2, 0.6, Math.abs(depth - INNER_SKULL - 0.6)) * smoothStep(1.7, 1.2, t) : 0;
  const around = mix(mix(cleft, tissue, label === 'pituitary' ? 0.5 : 0), 0.9, tail);
  return { signal: mix(bright, around, smoothStep(1 - soft, 1 + soft, t)), tumour: t <= 1 };
}

/** Draws a place and a size that a lesion of this kind could have in this head. */
export function placeLesion(label: LesionLabel, head: PhantomHead, random: () => number): Lesion {
  const vary = (low: number, high: number) => mix(low, high, random());
  const side = random() < 0.5 ? -1 : 1;
  if (label === 'pituitary')
    return { label, centre: [vary(-2, 2), vary(-22, -16), vary(-26, -20)], radius: vary(9, 15) };
  if (label === 'glioma') {
    return { label, centre: [side * vary(24, 36), vary(-36, 38), vary(8, 38)], radius: vary(12, 21) };
  }
  const radius = vary(11, 20);
  const angle = vary(0, 2 * Math.PI);
  const z = vary(0, 50);
  const at = head.extent(z);
  // It lies at the inner table of the skull, which cuts off about a third of the sphere.
  const [x, y] = [Math.cos(angle) * at.across, Math.sin(angle) * at.along];
  const inwards = 1 - (INNER_SKULL + radius * 0.55) / Math.hypot(x, y);
  return { label, centre: [x * inwards, y * inwards, z], radius };
}
