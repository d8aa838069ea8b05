import { hasLabel, isAnswer, isUnknown, type Labelled, presenceOf } from './slicePrediction.js';
import type { Place } from './tissue.js';

/**
 * mm of tissue. Of a tumour of 11 mm, whole slices cover two thirds at least, wherever they lie and as long as they are no
 * farther apart than half of it; so less is asked for than is meant.
 */
const LEAST_TISSUE = 7;
/** A single slice is more likely an error. */
export const LEAST_PLACES = 2;
/** mm; what headers round, and oblique axes multiply. */
export const TOLERANCE = 0.05;

/**
 * Neighbouring places of a series whose slices lean to a finding, of whatever kind, sure or not.
 * `answers`: the slices among them that are answered so; `slices`: all that lean so. `leaning`: mm of tissue that all of it
 * may stand for; `tissue`: mm of what the model knows, from the first to the last place with an answer. `answeredPlaces`: how many
 * those are. `surest`: the largest probability of any finding among the answers, 0 where there is none; `weight`: the sum of it over
 * all slices.
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

/** Whether there is a finding. `surest`: the least probability of one in its surest slice. */
export function isFinding(stretch: Stretch, surest = 0): boolean {
  return isLarge(stretch) && stretch.surest >= surest;
}

export function isLarge({ answeredPlaces, tissue }: Stretch): boolean {
  return answeredPlaces >= LEAST_PLACES && tissue >= LEAST_TISSUE - TOLERANCE;
}

/** The one whose slices together have most of a finding. */
export function heaviest(stretches: readonly Stretch[]): Stretch | undefined {
  const [first, ...others] = stretches;
  return others.reduce((best, stretch) => (stretch.weight > (best as Stretch).weight ? stretch : best), first);
}

/**
 * One slice that leans to a finding makes its place do so. A place whose slices could all not be read ends no stretch.
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
