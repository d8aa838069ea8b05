import { hasLabel, isAnswer, isUnknown, type Labelled, presenceOf } from './slicePrediction.js';
import type { Place } from './tissue.js';

/**
 * Least tissue of a finding, in mm. Whole slices cover at least two thirds of a tumour of 11 mm, wherever they lie, if
 * they are no farther apart than half of it. So less is required than is meant.
 */
const LEAST_TISSUE = 7;
/** Least number of places of a finding. A single slice is more likely an error. */
export const LEAST_PLACES = 2;
/** Tolerance of distances, in mm: headers round positions, and oblique axes multiply the error. */
export const TOLERANCE = 0.05;

/**
 * Neighbouring places of a series whose slices lean to a finding, of whatever kind, sure or not.
 * `slices`: those that lean so. `answers`: those among them that are answers.
 * `leaning`: mm of tissue that all of it may stand for. `tissue`: mm from the first to the last place with an answer,
 * without places that are unlike the training data. `answeredPlaces`: number of places with an answer.
 * `surest`: largest probability of any finding among the answers, 0 without answers. `weight`: sum of that probability
 * over all slices.
 */
export type Stretch = {
  slices: Labelled[];
  answers: Labelled[];
  leaning: number;
  tissue: number;
  answeredPlaces: number;
  surest: number;
  weight: number;
};

/** Whether a stretch is a finding. `surest`: least probability of any finding in its surest slice. */
export function isFinding(stretch: Stretch, surest = 0): boolean {
  return isLarge(stretch) && stretch.surest >= surest;
}

/** Whether a stretch has enough places and tissue for a finding. */
export function isLarge({ answeredPlaces, tissue }: Stretch): boolean {
  return answeredPlaces >= LEAST_PLACES && tissue >= LEAST_TISSUE - TOLERANCE;
}

/** The stretch with the largest weight; undefined without stretches. */
export function heaviest(stretches: readonly Stretch[]): Stretch | undefined {
  const [first, ...others] = stretches;
  return others.reduce((best, stretch) => (stretch.weight > (best as Stretch).weight ? stretch : best), first);
}

/**
 * Finds the stretches of a series. A place leans to a finding if one of its slices does. A place where no slice could
 * be read does not end a stretch.
 * @param places of one series, in their order in space.
 */
export function stretchesOf(places: readonly Place[], normalLabel: string): Stretch[] {
  const stretches: Place[][] = [];
  let open = false;
  for (const place of places) {
    if (!place.slices.some(hasLabel)) continue;
    const leans = leaningSlices(place, normalLabel).length > 0;
    if (leans && open) stretches.at(-1)?.push(place);
    else if (leans) stretches.push([place]);
    open = leans;
  }
  return stretches.map((stretch) => describe(stretch, normalLabel));
}

function leaningSlices({ slices }: Place, normalLabel: string): Labelled[] {
  return slices.filter(hasLabel).filter(({ label }) => label !== normalLabel);
}

function describe(places: readonly Place[], normalLabel: string): Stretch {
  const slices = places.flatMap((place) => leaningSlices(place, normalLabel));
  const answers = slices.filter(isAnswer);
  const isAnswered = (place: Place) => leaningSlices(place, normalLabel).some(isAnswer);
  const [first, last] = [places.findIndex(isAnswered), places.findLastIndex(isAnswered)];
  const between = first < 0 ? [] : places.slice(first, last + 1);
  const known = between.filter((place) => leaningSlices(place, normalLabel).some((slice) => !isUnknown(slice)));
  return {
    slices,
    answers,
    leaning: sum(places.map(({ most }) => most)),
    tissue: sum(known.map(({ tissue }) => tissue)),
    answeredPlaces: places.filter(isAnswered).length,
    surest: Math.max(0, ...answers.map((slice) => presenceOf(slice, normalLabel))),
    weight: sum(slices.map((slice) => presenceOf(slice, normalLabel))),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
