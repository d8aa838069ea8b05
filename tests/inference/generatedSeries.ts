import type { SlicePrediction } from '../../src/inference/slicePrediction.js';
import { createRandom } from '../fuzz/random.mjs';

export const LABELS = ['glioma', 'meningioma', 'no_tumor', 'pituitary'];
export const NORMAL = 'no_tumor';
const KINDS = LABELS.filter((label) => label !== NORMAL);
type Random = ReturnType<typeof createRandom>;

/** A slice's verdict with this probability of any finding, nearly all of it of this kind. */
export function verdict(
  place: Place,
  presence: number,
  kind = 'glioma',
  abstained: SlicePrediction['abstentionReason'] = null,
) {
  const rest = presence * 0.04;
  const probabilities = LABELS.map((label) => {
    if (label === NORMAL) return { label, probability: 1 - presence };
    return { label, probability: label === kind ? presence - rest : rest / 2 };
  });
  const label = presence >= 0.5 ? kind : NORMAL;
  const confidence = probabilities.find((one) => one.label === label)?.probability as number;
  const status = abstained ? ('ABSTAINED' as const) : ('CLASSIFIED' as const);
  return { ...place, status, label, confidence, probabilities, abstentionReason: abstained } satisfies SlicePrediction;
}

type Place = Pick<SlicePrediction, 'sliceId' | 'seriesId' | 'position' | 'location'>;

/** One of `seed`: 1 to 400 slices of one or two series, of any spacing, with gaps, echoes, duplicates and what fails. */
export function generate(seed: string): SlicePrediction[] {
  const random = createRandom(seed);
  return Array.from({ length: random.once(4) ? 2 : 1 }, (_, series) =>
    generateSeries(random, `series-${series}`),
  ).flat();
}

function generateSeries(random: Random, seriesId: string): SlicePrediction[] {
  const count = random.of([1, 2, 3, 4, 6, 9, 12, 20, 20, 30, 60, random.of([150, 400])]);
  const spacing = random.of([0.5, 1, 2, 3.5, 5, 6.5, 10, 20]);
  const known = !random.once(6);
  let location = -random.below(200);
  const places = Array.from({ length: count }, (_, position) => {
    if (position > 0 && !random.once(9)) location += random.once(12) ? spacing * (2 + random.below(6)) : spacing;
    const lost = !known || random.once(60);
    return { sliceId: `${seriesId}-${position}`, seriesId, position, location: lost ? null : location };
  });
  const [start, length] = [random.below(count), random.of([0, 0, 1, 1, 2, 3, 5, 10])];
  return places.map((place) => {
    const inside = place.position >= start && place.position < start + length;
    return sliceAt(random, place, inside);
  });
}

function sliceAt(random: Random, place: Place, inside: boolean): SlicePrediction {
  if (random.once(25)) return failed(place);
  const presence = inside
    ? random.of([0.45, 0.55, 0.7, 0.9, 0.99, 0.999])
    : random.of([0.02, 0.1, 0.2, 0.3, 0.45, 0.48]);
  const reason = random.once(15)
    ? random.of(['OUT_OF_DISTRIBUTION' as const, 'LOW_CONFIDENCE' as const])
    : inside && random.once(3)
      ? ('LOW_CONFIDENCE' as const)
      : null;
  return verdict(place, random.once(40) ? 0.6 : presence, random.of(KINDS), reason);
}

const failed = (place: Place): SlicePrediction => ({
  ...place,
  status: 'FAILED',
  label: null,
  confidence: null,
  probabilities: [],
  abstentionReason: null,
});
