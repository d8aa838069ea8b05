import { decide, labelOrAbstention, type SliceDecision, softmax } from './decide.js';
import { logSumExp } from './logSumExp.js';
import { shareWithLookalikes } from './lookalikes.js';
import type { Manifest } from './manifest.js';
import { FEWEST_PLACES } from './tissue.js';

/**
 * Where in a slice the model sees a tumour: log odds of any kind against none, in rows × columns cells. `frame`: the
 * rectangle that the cells cover, as shares of the slice's rows and columns.
 */
export type Presence = {
  rows: number;
  columns: number;
  values: Float32Array;
  frame: { top: number; left: number; height: number; width: number };
};

/** A viewed slice: what the model sees in it. `location`: mm along the series' normal; null where it is not known. */
export type ViewedSlice = {
  logits: Float32Array;
  novelty: number | null;
  presence: Presence | null;
  location: number | null;
};

/** Which direction of a series runs between left and right: the columns of a slice, or the slices. */
export type LeftRight = 'COLUMNS' | 'SLICES';

type InSeries = NonNullable<Manifest['inSeries']>;
/** A viewed slice that can be read together with others. */
type LocatedView = ViewedSlice & { location: number; presence: Presence };

/** Rows and columns of the grid that all slices of a series are laid on. */
const GRID = 24;
/** Neighbours farther away than this many standard deviations do not count. */
const FARTHEST = 3;
/** Least weight of a neighbour for the kind. Where no slice shows a tumour, all have the same say. */
const LEAST_SAY = 1e-6;

/**
 * Decides on the slices of one series, each in the light of its neighbours and of the other side of the head.
 *
 * A tumour crosses several slices in one place, and it is on one side, or very clear. So the evidence of each cell is
 * averaged over neighbouring slices (a Gaussian of `reach` mm). A neighbour that shows more than the slice itself
 * counts up to `neighbourAtMost`, so that a very clear tumour does not spread beyond its ends. What the mirrored cell
 * has above `otherSide.above`, at most `otherSide.atMost`, is subtracted. The logarithm of the mean exponential of
 * the rest over the slice is its score. Neighbours with a tumour decide on its kind together.
 *
 * Slices without a location, and series of fewer than three places, are decided on one by one, as `decide` does.
 * @param slices in any order.
 * @param leftRight null where it is not known; then nothing is subtracted.
 */
export function readSeries(
  slices: readonly ViewedSlice[],
  leftRight: LeftRight | null,
  manifest: Manifest,
): SliceDecision[] {
  const scores = scoreSeries(slices, leftRight, manifest);
  const { inSeries, labels, normalLabel } = manifest;
  if (!inSeries) return slices.map(({ logits, novelty }) => decide(logits, manifest, novelty));
  const { offset, temperature } = inSeries.calibration;
  const presences = scores.map((score) => (score === null ? null : 1 / (1 + Math.exp((offset - score) / temperature))));
  return slices.map((slice, index) => {
    const presence = presences[index] as number | null;
    if (presence === null) return decide(slice.logits, manifest, slice.novelty);
    const kinds = shareWithLookalikes(kindsAround(slices, index, presences, manifest, inSeries), manifest);
    const probabilities = labels.map((label, at) => ({
      label,
      probability: label === normalLabel ? 1 - presence : presence * (kinds[at] as number),
    }));
    // First whether there is a tumour, then of which kind: doubt between two kinds is not a sign of none.
    const found = presence >= 0.5;
    const label = found ? (labels[kinds.indexOf(Math.max(...kinds))] as string) : (normalLabel as string);
    const { finding, normal } = inSeries.abstention;
    return labelOrAbstention(label, probabilities, slice.novelty, manifest, found ? finding : normal);
  });
}

/** The score of each slice: uncalibrated log odds of a tumour; null for slices that are decided on by themselves. */
export function scoreSeries(
  slices: readonly ViewedSlice[],
  leftRight: LeftRight | null,
  { inSeries }: Manifest,
): (number | null)[] {
  const placed = slices.filter(isPlaced);
  const places = new Set(placed.map(({ location }) => location.toFixed(2))).size;
  if (!inSeries || places < FEWEST_PLACES) return slices.map(() => null);
  const grid = commonGrid(placed);
  const maps = placed.map(({ presence }) => layOnGrid(presence, grid));
  const smooth = placed.map((_, index) => averageAround(index, placed, maps, inSeries));
  const areas = placed.map(({ presence: { frame } }) => frame.height * frame.width);
  const across = acrossColumns(placed, areas, grid);
  const partner = leftRight === 'SLICES' ? partners(placed, areas, inSeries.reach) : [];
  const scored = new Map<ViewedSlice, number>();
  for (const [index, slice] of placed.entries()) {
    const own = maps[index] as Float64Array;
    const values: number[] = [];
    for (let cell = 0; cell < GRID * GRID; cell++) {
      if (!Number.isFinite(own[cell])) continue;
      const here = (smooth[index] as Float64Array)[cell] as number;
      const other =
        leftRight === 'COLUMNS'
          ? across(smooth[index] as Float64Array, cell)
          : (smooth[partner[index] ?? -1]?.[cell] ?? Number.NaN);
      values.push(here - subtractedBy(other, inSeries.otherSide));
    }
    if (values.length > 0) scored.set(slice, logMeanExp(values));
  }
  return slices.map((slice) => scored.get(slice) ?? null);
}

const isPlaced = (slice: ViewedSlice): slice is LocatedView => slice.location !== null && slice.presence !== null;

/** What the mirrored cell subtracts; 0 where there is no such cell. */
function subtractedBy(other: number, { above, atMost }: InSeries['otherSide']): number {
  return Number.isNaN(other) ? 0 : Math.min(Math.max(other - above, 0), atMost);
}

type RelativeRectangle = Presence['frame'];

/** The smallest rectangle that holds those of all slices. */
function commonGrid(slices: readonly LocatedView[]): RelativeRectangle {
  const frames = slices.map(({ presence }) => presence.frame);
  const top = Math.min(...frames.map((frame) => frame.top));
  const left = Math.min(...frames.map((frame) => frame.left));
  const height = Math.max(...frames.map((frame) => frame.top + frame.height)) - top;
  const width = Math.max(...frames.map((frame) => frame.left + frame.width)) - left;
  return { top, left, height, width };
}

/** The values of a slice at the centres of the grid's cells, bilinear; NaN outside of its rectangle. */
function layOnGrid({ rows, columns, values, frame }: Presence, grid: RelativeRectangle): Float64Array {
  const result = new Float64Array(GRID * GRID).fill(Number.NaN);
  for (let row = 0; row < GRID; row++) {
    const y = ((grid.top + ((row + 0.5) * grid.height) / GRID - frame.top) / frame.height) * rows - 0.5;
    if (y <= -0.5 || y >= rows - 0.5) continue;
    for (let column = 0; column < GRID; column++) {
      const x = ((grid.left + ((column + 0.5) * grid.width) / GRID - frame.left) / frame.width) * columns - 0.5;
      if (x <= -0.5 || x >= columns - 0.5) continue;
      result[row * GRID + column] = interpolate(values, columns, rows, y, x);
    }
  }
  return result;
}

function interpolate(values: Float32Array, columns: number, rows: number, y: number, x: number): number {
  const clampedY = Math.min(Math.max(y, 0), rows - 1);
  const clampedX = Math.min(Math.max(x, 0), columns - 1);
  const [top, left] = [Math.floor(clampedY), Math.floor(clampedX)];
  const [bottom, right] = [Math.min(top + 1, rows - 1), Math.min(left + 1, columns - 1)];
  const [down, along] = [clampedY - top, clampedX - left];
  const at = (row: number, column: number) => values[row * columns + column] as number;
  const upper = at(top, left) * (1 - along) + at(top, right) * along;
  const lower = at(bottom, left) * (1 - along) + at(bottom, right) * along;
  return upper * (1 - down) + lower * down;
}

/** The weight of a neighbour `distance` mm away. */
function weightAt(distance: number, reach: number): number {
  return Math.abs(distance) > FARTHEST * reach ? 0 : Math.exp(-0.5 * (distance / reach) ** 2);
}

/**
 * Each cell's mean over the neighbouring slices that have it. A neighbour's value counts up to `neighbourAtMost`, or up
 * to the slice's own value where that is larger: so a very clear tumour does not spread beyond its ends, and stays
 * clear within.
 */
function averageAround(
  at: number,
  placed: readonly LocatedView[],
  maps: readonly Float64Array[],
  { reach, neighbourAtMost = Number.POSITIVE_INFINITY }: InSeries,
): Float64Array {
  const sums = new Float64Array(GRID * GRID);
  const weights = new Float64Array(GRID * GRID);
  const own = maps[at] as Float64Array;
  const { location } = placed[at] as LocatedView;
  for (const [index, neighbour] of placed.entries()) {
    const weight = weightAt(neighbour.location - location, reach);
    if (weight === 0) continue;
    const map = maps[index] as Float64Array;
    for (let cell = 0; cell < map.length; cell++) {
      const neighbourValue = map[cell] as number;
      if (!Number.isFinite(neighbourValue)) continue;
      const shown = own[cell] as number; // NaN outside of the slice's rectangle
      const most = shown > neighbourAtMost ? shown : neighbourAtMost;
      sums[cell] = (sums[cell] as number) + weight * Math.min(neighbourValue, most);
      weights[cell] = (weights[cell] as number) + weight;
    }
  }
  return sums.map((sum, cell) => sum / (weights[cell] as number)); // NaN where no slice has the cell
}

/** Makes a function that gives the value at the mirror image of a cell, about the middle of the head. */
function acrossColumns(placed: readonly LocatedView[], areas: readonly number[], grid: RelativeRectangle) {
  const centres = placed.map(({ presence: { frame } }) => frame.left + frame.width / 2);
  const middle = ((weightedMean(centres, areas) - grid.left) / grid.width) * GRID - 0.5;
  return (map: Float64Array, cell: number): number => {
    const row = Math.floor(cell / GRID);
    const mirrored = 2 * middle - (cell % GRID);
    const left = Math.floor(mirrored);
    const share = mirrored - left;
    const at = (column: number) => (column < 0 || column >= GRID ? Number.NaN : (map[row * GRID + column] as number));
    const [before, behind] = [at(left), at(left + 1)];
    if (Number.isNaN(before)) return behind;
    return Number.isNaN(behind) ? before : before * (1 - share) + behind * share;
  };
}

/**
 * For each slice the index of the one at its mirror image, about the middle of the head; undefined where none lies
 * within reach.
 */
function partners(placed: readonly LocatedView[], areas: readonly number[], reach: number): (number | undefined)[] {
  const locations = placed.map(({ location }) => location);
  const middle = weightedMean(locations, areas);
  return locations.map((location) => {
    const distances = locations.map((other) => Math.abs(other - (2 * middle - location)));
    const nearest = distances.indexOf(Math.min(...distances));
    return (distances[nearest] as number) <= reach ? nearest : undefined;
  });
}

/**
 * The share of each label in a tumour at this slice: the softmax of the weighted mean log share among the neighbours
 * that show one.
 */
function kindsAround(
  slices: readonly ViewedSlice[],
  index: number,
  presences: readonly (number | null)[],
  { labels, normalLabel }: Manifest,
  { reach }: InSeries,
): number[] {
  const here = slices[index]?.location as number;
  const sums = new Float32Array(labels.length);
  let total = 0;
  for (const [at, { location, logits }] of slices.entries()) {
    const presence = presences[at];
    if (location === null || presence === null || presence === undefined || !logits.every(Number.isFinite)) continue;
    const weight = weightAt(location - here, reach) * (presence + LEAST_SAY);
    if (weight === 0) continue;
    const kinds = logits.map((logit, label) => (labels[label] === normalLabel ? Number.NEGATIVE_INFINITY : logit));
    const level = logSumExp(kinds);
    for (const [label, logit] of kinds.entries()) sums[label] = (sums[label] as number) + weight * (logit - level);
    total += weight;
  }
  return softmax(
    sums.map((sum) => sum / total),
    1,
  );
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values.reduce((sum, value, index) => sum + value * (weights[index] as number), 0) / total;
}

const logMeanExp = (values: readonly number[]): number => logSumExp(values) - Math.log(values.length);
