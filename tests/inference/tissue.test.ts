import { describe, expect, it } from 'vitest';
import { densest, placesOf } from '../../src/inference/tissue.js';
import { verdict } from './generatedSeries.js';

const at = (...locations: (number | null)[]) =>
  locations.map((location, position) => verdict({ sliceId: `s${position}`, seriesId: 's', position, location }, 0.2));
const tissue = (...locations: (number | null)[]) => placesOf(at(...locations)).map((place) => place.tissue);

describe('the tissue that a slice stands for', () => {
  it('is half of the gap to either neighbour, and at the ends all of it', () => {
    expect(tissue(0, 5, 10, 15)).toEqual([5, 5, 5, 5]);
    expect(tissue(15, 5, 10, 0)).toEqual([5, 5, 5, 5]); // ordered by location
    expect(tissue(0, 6, 12, 20)).toEqual([6, 6, 7, 8]);
  });

  it('is no more in a gap than one and a half of what is usual in the series, or 5 mm, and never more than 20', () => {
    expect(tissue(0, 6, 12, 60, 66, 72)).toEqual([6, 6, 7.5, 7.5, 6, 6]);
    expect(tissue(0, 1, 2, 40, 41, 42)).toEqual([1, 1, 3, 3, 1, 1]);
    expect(tissue(0, 90, 180)).toEqual([20, 20, 20]);
  });

  it('is shared by echoes of one place, and the same as ever by what came twice', () => {
    expect(tissue(0, 0, 5, 5, 10, 10)).toEqual([5, 5, 5]);
    expect(placesOf(at(0, 0, 5)).map(({ slices }) => slices.length)).toEqual([2, 1]);
  });

  it('is as usual in the series where a location is not known, and else 5 mm', () => {
    expect(tissue(null, null, null)).toEqual([5, 5, 5]);
    expect(tissue(7)).toEqual([5]);
    expect(tissue(0, 3, null, 9, 12)).toEqual([3, 3, 3, 3, 3]);
  });
});

describe('the largest mean over a window', () => {
  const places = placesOf(at(0, 4, 8, 12, 16));

  it('begins and ends within a place where that holds more', () => {
    expect(densest(places, [0, 1, 1, 0, 0], 10)).toBeCloseTo(0.8);
    expect(densest(places, [0, 0.5, 1, 0.5, 0], 6)).toBeCloseTo((4 + 0.5 * 2) / 6);
    expect(densest(places, [0.3, 0.3, 0.3, 0.3, 0.3], 10)).toBeCloseTo(0.3);
  });

  it('is over all there is where that is less', () => {
    expect(densest(places, [1, 0, 0, 0, 1], 100)).toBeCloseTo(0.4);
  });
});
