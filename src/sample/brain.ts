import { BRAIN_DEPTH, type HeadPoint, type HeadTraits, SIGNAL } from './headTraits.js';
import { mix, smoothStep } from './noise.js';
import { sinusSignal } from './skull.js';

/** Tubes of cerebrospinal fluid: polylines with a radius at each point, mirrored to the other side. */
const LATERAL_VENTRICLE: readonly (readonly [number, number, number, number])[] = [
  [9, -36, 2, 3],
  [6.5, -24, 10, 4.5],
  [7, -8, 18, 5],
  [12, 10, 21, 4.5],
  [20, 26, 15, 5.5],
  [24, 32, 6, 5],
  [22, 46, 3, 2.5],
];
const TEMPORAL_HORN: readonly (readonly [number, number, number, number])[] = [
  [25, 30, 3, 4],
  [31, 16, -10, 2.5],
  [30, 0, -17, 2],
];
const SYLVIAN_FISSURE: readonly (readonly [number, number, number, number])[] = [
  [60, 6, 8, 2.6],
  [47, -4, 3, 2.2],
  [38, -10, -1, 2],
  [36, 4, 8, 1.2],
];

/** Signal inside the skull, `under` mm below the skin. */
export function brainSignal(traits: HeadTraits, point: HeadPoint, under: number): number {
  const { atrophy, greyShift, texture } = traits;
  const [x, y, z] = point;
  let value = cortex(traits, point, under - BRAIN_DEPTH);
  const side: HeadPoint = [Math.abs(x), y, z];
  // Deep grey matter: thalamus, head of the caudate nucleus, lentiform nucleus.
  const nuclei = Math.max(
    ellipsoid(side, [10, 8, 6], [8, 14, 9]),
    ellipsoid(side, [13, -17, 9], [4.5, 9, 10]),
    ellipsoid(side, [25, -4, 3], [6.5, 15, 9]),
  );
  value = mix(value, SIGNAL.grey + greyShift + 0.035, nuclei * smoothStep(3, 6, under - BRAIN_DEPTH) * 0.9);
  value = mix(value, SIGNAL.fluid, midline(traits, point, under - BRAIN_DEPTH));
  const wavering = 1.2 * texture(x / 9, y / 9, z / 9);
  const fluid = Math.min(
    tube(side, LATERAL_VENTRICLE, atrophy) + 0.5 * wavering,
    tube(side, TEMPORAL_HORN, atrophy),
    tube(side, SYLVIAN_FISSURE, atrophy) + wavering,
    thirdVentricle(traits, point),
  );
  value = mix(value, SIGNAL.fluid, smoothStep(0.7, -0.7, fluid));
  // The choroid plexus takes up contrast agent in the atria.
  value = mix(value, SIGNAL.vessel, 0.8 * ellipsoid([side[0], y, z], [22, 29, 10], [2.2, 4, 3.5]));
  if (z < -8) value = skullBase(traits, point, value);
  return value * (1 + 0.05 * texture(x / 3, y / 3, z / 3)) + sinusSignal(point, under);
}

/** Cortex and white matter. `under`: depth under the surface of the brain, mm. */
function cortex(traits: HeadTraits, [x, y, z]: HeadPoint, under: number): number {
  const { atrophy, greyShift, warp, folds, texture, vessels } = traits;
  // Folds run inwards: noise on the direction from the middle, which changes little with depth.
  const bend = 0.55;
  const w1 = bend * warp(x / 26, y / 26, z / 26);
  const w2 = bend * warp(x / 26 + 31, y / 26, z / 26);
  const length = Math.hypot(x, y, z * 0.9) || 1;
  const reach = (length * 0.42 + 42) / length / 12;
  const [px, py, pz] = [x * reach + w1, y * reach + w2, z * reach * 0.9];
  const here = folds(px, py, pz);
  const fine = 0.4 * folds(px * 2.1 + 7, py * 2.1, pz * 2.1);
  const distance = Math.abs(here + fine) * 12; // about mm from the middle of a sulcus
  const depthOfSulci = 19 + 9 * warp(x / 18, y / 18 + 5, z / 18);
  const open = smoothStep(depthOfSulci, depthOfSulci * 0.55, under);
  const ribbon = 2.9 + 0.8 * texture(x / 6, y / 6, z / 6);
  const grey = Math.max(
    smoothStep(ribbon + 0.8, ribbon - 0.8, under),
    smoothStep(ribbon + 1.5, ribbon - 0.3, distance) * smoothStep(depthOfSulci + 4, depthOfSulci - 1, under),
  );
  const width = (0.5 + 0.65 * smoothStep(9, 0, under)) * atrophy;
  const sulcus = smoothStep(width + 0.7, width - 0.5, distance) * open;
  const matter = mix(SIGNAL.white, SIGNAL.grey + greyShift, grey);
  const vein = 0.5 * sulcus * smoothStep(0.42, 0.6, vessels(x / 7, y / 7, z / 7)); // cortical veins lie in sulci
  return mix(matter, SIGNAL.fluid + 0.06, sulcus * 0.9) + vein;
}

/** Share of fluid between the hemispheres, away from the corpus callosum, with the falx in its middle. */
function midline({ warp }: HeadTraits, [x, y, z]: HeadPoint, under: number): number {
  const core = Math.hypot(y / 44, (z - 2) / 26);
  const beyond = smoothStep(0.95, 1.08, core) * smoothStep(-35, -20, z);
  const off = Math.abs(x - 1.6 * warp(3, y / 20, z / 20));
  const width = 0.9 + 0.9 * smoothStep(14, 0, under);
  return beyond * smoothStep(width + 0.8, width - 0.5, off) * (off < 0.5 ? 0.35 : 0.9);
}

/** Third ventricle: a slit between the thalami, pointed at both ends. Gives the distance to its surface, mm. */
function thirdVentricle({ atrophy }: HeadTraits, [x, y, z]: HeadPoint): number {
  return Math.abs(x) - 2.2 * atrophy * (1 - ((y - 4) / 15) ** 2 - ((z - 1) / 11) ** 2);
}

/** Near the skull's base: cerebellum with its folia, brain stem in its cistern, temporal lobes, petrous bone. */
function skullBase({ warp, texture }: HeadTraits, [x, y, z]: HeadPoint, above: number): number {
  const share = smoothStep(-8, -18, z);
  const drift = 3.5 * warp(x / 17, y / 17, z / 17);
  const tent = y - 26 - 0.22 * Math.abs(x) + 0.6 * drift;
  const leaf = Math.sin((y * 0.75 + Math.abs(x) * 0.5 + 2 * drift + 6 * texture(x / 11, y / 11, z / 11)) * 1.1);
  const cerebellum = mix(0.47, 0.38, smoothStep(0.2, 0.9, leaf) * smoothStep(0, 12, tent - Math.abs(drift)));
  let value = mix(above, cerebellum, share * smoothStep(-1, 2, tent));
  value = mix(value, 0.24, share * smoothStep(1.8, 0.5, Math.abs(tent)) * smoothStep(62, 40, Math.abs(x)));
  // Suprasellar and ambient cisterns: a star of fluid around the brain stem.
  const turn = Math.atan2(y - 8, x);
  const star = Math.hypot(x / 17, (y - 8) / 17) - 0.2 * Math.cos(5 * turn + 1.57) - 0.06 * drift;
  value = mix(value, SIGNAL.fluid + 0.03, share * smoothStep(1.12, 0.98, star) * smoothStep(24, 16, y));
  const stem = Math.hypot(x / 14.5, (y - 13) / 12) + 0.03 * drift;
  value = mix(value, SIGNAL.white - 0.04, share * smoothStep(1.06, 0.94, stem));
  const fourth = Math.hypot(x / 6.5, (y - 28) / 4);
  value = mix(value, SIGNAL.fluid, share * smoothStep(1.15, 0.85, fourth));
  const ridge = Math.hypot((Math.abs(x) - 46) / 20, (y - 14 + (Math.abs(x) - 46) * 0.3) / 5.5);
  return mix(value, SIGNAL.bone + 0.05, smoothStep(-22, -32, z) * smoothStep(1.15, 0.85, ridge));
}

/** 1 inside an ellipsoid, 0 outside, smooth at its rim. */
function ellipsoid(point: HeadPoint, centre: HeadPoint, radii: HeadPoint): number {
  const off = Math.hypot(
    (point[0] - centre[0]) / radii[0],
    (point[1] - centre[1]) / radii[1],
    (point[2] - centre[2]) / radii[2],
  );
  return smoothStep(1.15, 0.85, off);
}

/** Distance to the surface of a tube around a polyline, mm, negative inside. */
function tube(point: HeadPoint, nodes: readonly (readonly [number, number, number, number])[], size: number): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let index = 1; index < nodes.length; index++) {
    const [ax, ay, az, ar] = nodes[index - 1] as (typeof nodes)[number];
    const [bx, by, bz, br] = nodes[index] as (typeof nodes)[number];
    const [dx, dy, dz] = [bx - ax, by - ay, bz - az];
    const along = ((point[0] - ax) * dx + (point[1] - ay) * dy + (point[2] - az) * dz) / (dx * dx + dy * dy + dz * dz);
    const t = Math.max(0, Math.min(1, along));
    const distance = Math.hypot(point[0] - ax - t * dx, point[1] - ay - t * dy, point[2] - az - t * dz);
    nearest = Math.min(nearest, distance - mix(ar, br, t) * size);
  }
  return nearest;
}
