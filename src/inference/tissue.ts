import type { SlicePrediction } from './slicePrediction.js';

/**
 * The slices of a series at one position, such as the echoes of one slice.
 * `tissue`: mm that they stand for. `most`: mm that they may stand for, where a gap beside them is wider than usual.
 * `gap`: mm to the next place that no slice stands for.
 */
export type Place = { slices: readonly SlicePrediction[]; tissue: number; most: number; gap: number };

/** Fewer places than these are no series, and do not show a whole head. */
export const FEWEST_PLACES = 3;

/** Spacing of slices without a location, in mm: that of a usual brain MR. */
const USUAL_SPACING = 5;
/** Slices closer than this, in mm, are at the same place: sent twice, or another echo. */
const SAME_PLACE = 0.1;
/** Times the series' median gap. A wider gap holds tissue that no slice shows. */
const WIDEST_GAP = 1.5;
/** Most tissue that a slice stands for, in mm. */
const MOST_TISSUE = 20;

/**
 * Groups the slices of one series into places, in their order in space. A place stands for half of the gap to either
 * neighbour; the first and the last one stand for the whole gap to theirs. So the tissue covered is the extent and one
 * spacing more, and what n slices stand for grows with their spacing without a step.
 * @param slices of one series, in any order.
 */
export function placesOf(slices: readonly SlicePrediction[]): Place[] {
  const places = groupByPlace(slices);
  const gaps = gapsBetween(places);
  const usual = median(gaps.filter((gap) => gap !== null));
  const widest = Math.min(Math.max(WIDEST_GAP * usual, USUAL_SPACING), MOST_TISSUE);
  const tissue = halves(gaps.map((gap) => Math.min(gap ?? usual, widest)));
  // `most` does not depend on the median, because one more slice could change it everywhere.
  const most = halves(gaps.map((gap) => Math.min(gap ?? USUAL_SPACING, MOST_TISSUE)));
  return places.map((slices, index) => ({
    slices,
    tissue: tissue[index] as number,
    most: most[index] as number,
    gap: Math.max(0, (gaps[index] ?? 0) - MOST_TISSUE),
  }));
}

/** Half of the gap to either neighbour; at the ends the whole gap. */
function halves(gaps: readonly number[]): number[] {
  return [...gaps, gaps.at(-1) ?? USUAL_SPACING].map((after, index) => ((gaps[index - 1] ?? after) + after) / 2);
}

/**
 * The largest mean of a value over any `window` mm of neighbouring tissue, or over all of it where there is less. A
 * window may begin and end within a place, which then counts in part.
 * @param values one for each place.
 */
export function densest(places: readonly Place[], values: readonly number[], window: number): number {
  const ends = [0];
  const sums = [0];
  for (const [index, { most }] of places.entries()) {
    ends.push((ends.at(-1) as number) + most);
    sums.push((sums.at(-1) as number) + most * (values[index] as number));
  }
  const total = ends.at(-1) as number;
  const width = Math.min(window, total);
  // The mean is largest where the window begins or ends with a place.
  const starts = [...ends, ...ends.map((end) => end - width)].map((start) =>
    Math.min(Math.max(start, 0), total - width),
  );
  const until = (at: number) => interpolate(ends, sums, at);
  return Math.max(...starts.map((start) => (until(start + width) - until(start)) / width));
}

function groupByPlace(slices: readonly SlicePrediction[]): SlicePrediction[][] {
  const placed = slices.every(({ location }) => location !== null);
  const ordered = slices.toSorted(
    (a, b) =>
      (placed ? (a.location as number) - (b.location as number) : 0) ||
      a.position - b.position ||
      (a.sliceId < b.sliceId ? -1 : 1),
  );
  const places: SlicePrediction[][] = [];
  for (const slice of ordered) {
    const first = places.at(-1)?.[0];
    if (first && isSamePlace(first, slice)) places.at(-1)?.push(slice);
    else places.push([slice]);
  }
  return places;
}

function isSamePlace(a: SlicePrediction, b: SlicePrediction): boolean {
  if (a.location === null || b.location === null) return a.location === b.location && a.position === b.position;
  return Math.abs(a.location - b.location) < SAME_PLACE;
}

function gapsBetween(places: readonly SlicePrediction[][]): (number | null)[] {
  const locations = places.map((place) => place[0]?.location ?? null);
  return locations.slice(1).map((location, index) => {
    const before = locations[index] as number | null;
    return location === null || before === null ? null : Math.abs(location - before);
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? USUAL_SPACING) + (sorted[Math.ceil(middle)] ?? USUAL_SPACING)) / 2;
}

/** Interpolates linearly between the points (`xs`, `ys`); `xs` ascends. */
function interpolate(xs: readonly number[], ys: readonly number[], x: number): number {
  const next = xs.findIndex((known) => known >= x);
  if (next <= 0) return ys[next === 0 ? 0 : ys.length - 1] as number;
  const [left, right] = [xs[next - 1] as number, xs[next] as number];
  const share = (x - left) / (right - left);
  return (ys[next - 1] as number) * (1 - share) + (ys[next] as number) * share;
}
