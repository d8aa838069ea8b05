import {
  hasLabel,
  isAnswer,
  isUnknown,
  presenceOf,
  type ReasonToAbstain,
  type SlicePrediction,
} from './slicePrediction.js';
import { heaviest, isLarge, LEAST_PLACES, type Stretch, TOLERANCE } from './stretches.js';
import type { StudyRule } from './studyRule.js';
import { densest, FEWEST_PLACES, type Place } from './tissue.js';

/**
 * Length of tissue that is examined at once, in mm. A tumour of 100 mm² in a slice, the smallest that the model's card
 * measures, is about 11 mm across.
 */
const WINDOW = 10;
/** From this probability of any finding on, one slice alone speaks against "nothing found", however thin it is. */
const SURE = 0.98;
/** Least share of a study's slices that must be like the training data, and least share that must be answered. */
export const ENOUGH = 0.5;
/** From this share of a series' places on, scattered answers of a finding are too many to be errors. */
const SCATTERED = 0.02;
/** From this share of a series' places on, a piece whose slices are unlike the training data is too large. */
const UNKNOWN_PART = 0.25;
/**
 * Defaults of `absent` and `clear` in the model's manifest: the probability of any finding from which on a window of
 * WINDOW mm is not free, and the least mean probability of the normal label.
 */
const ABSENT = 0.5;
const CLEAR = 0.6;
/** Tolerance of comparisons of sums: rounding puts a tie above or below the limit. */
const ROUNDING = 1e-9;

/**
 * What is known of a study. `ordered`: the predictions of all slices. `series`: the places of each series. `stretches`:
 * those of all series.
 */
type StudyEvidence = { ordered: readonly SlicePrediction[]; series: readonly Place[][]; stretches: readonly Stretch[] };

/**
 * What speaks against "nothing found" in a study without a finding; null where nothing does. The absence of a tumour
 * must be seen everywhere, so one of these is enough:
 * - too few places, or fewer than half of all slices answered and normal;
 * - neighbouring slices, or slices with one place between them, that are answered with findings of whatever kinds, or
 *   many that lie apart;
 * - 10 mm of slices that lean to a finding, even if unlike the training data, or one slice that is very sure;
 * - 10 mm in one piece that could not be read, or a quarter of a series that is unlike the training data;
 * - a probability of any finding that is too high, as a mean over 10 mm anywhere or over all places.
 */
export function objectionToAbsence(
  { ordered, series, stretches }: StudyEvidence,
  rule: StudyRule & { normalLabel: string },
): ReasonToAbstain | null {
  if (Math.max(...series.map((places) => places.filter(isRead).length)) < FEWEST_PLACES) return 'TOO_FEW_SLICES';
  const speaking = heaviest(
    stretches.filter((stretch) => stretch.answeredPlaces >= LEAST_PLACES || stretch.leaning >= WINDOW - TOLERANCE),
  );
  if (speaking) return whyNoFinding(speaking);
  const answered = series.map((places) => placesWithAnswer(places, rule.normalLabel));
  if (answered.some(isInterrupted)) return 'TOO_SMALL';
  if (answered.some(isScattered)) return 'LOW_CONFIDENCE';
  const known = series.map((places) => places.map((place) => presenceAtPlace(place, rule.normalLabel)));
  if (known.flat().some((presence) => presence !== null && presence >= SURE)) return 'TOO_SMALL';
  const hasAnswer = stretches.some(({ answers }) => answers.length > 0);
  const least = (rule.absent ?? ABSENT) - ROUNDING;
  if (largestPresence(series, rule.normalLabel) >= least) return hasAnswer ? 'TOO_SMALL' : 'LOW_CONFIDENCE';
  const others = ordered.filter((slice) => !isAnswer(slice) || slice.label !== rule.normalLabel);
  if (others.length > ordered.length * (1 - ENOUGH)) return commonestReason(others);
  const unseen = series.map((places) => unseenPart(places, rule.normalLabel)).find((reason) => reason !== null);
  if (unseen) return unseen;
  const leans = (slice: SlicePrediction) => hasLabel(slice) && slice.label !== rule.normalLabel;
  const free = series.map((places) => places.filter((place) => isRead(place) && !place.slices.some(leans)));
  if (!free.some((places) => places.length >= FEWEST_PLACES && tissueOf(places) >= WINDOW - TOLERANCE))
    return 'TOO_FEW_SLICES';
  const presences = known.flat().filter((presence) => presence !== null);
  const clear = 1 - presences.reduce((sum, presence) => sum + presence, 0) / presences.length;
  return clear < (rule.clear ?? CLEAR) - ROUNDING ? 'LOW_CONFIDENCE' : null;
}

/** For each place that was read: whether a slice there is answered with a finding. */
function placesWithAnswer(places: readonly Place[], normalLabel: string): boolean[] {
  const tells = (slice: SlicePrediction) => isAnswer(slice) && slice.label !== normalLabel;
  return places.filter(isRead).map(({ slices }) => slices.some(tells));
}

/** Whether two answered places have exactly one place between them. */
function isInterrupted(answered: readonly boolean[]): boolean {
  return answered.some((isAnswered, index) => isAnswered && answered[index + 2] === true);
}

/** Whether the answered places are too many to be errors. */
function isScattered(answered: readonly boolean[]): boolean {
  const count = answered.filter(Boolean).length;
  return count >= LEAST_PLACES && count >= answered.length * SCATTERED;
}

/** Why so large a piece of a series was not seen that a tumour may lie there; null where none was. */
function unseenPart(places: readonly Place[], normalLabel: string): ReasonToAbstain | null {
  if (places.some(({ gap }) => gap > TOLERANCE)) return 'TOO_FEW_SLICES';
  // A slice that leans to a finding does not separate the pieces on both sides of it.
  const showsNormal = ({ label }: SlicePrediction) => label === normalLabel;
  const unread = pieces(places, ({ slices }) => !slices.some(showsNormal)).filter((piece) => !piece.every(isRead));
  if (unread.some((piece) => tissueOf(piece) >= WINDOW - TOLERANCE)) return 'TOO_FEW_SLICES';
  const isKnown = (slice: SlicePrediction) => showsNormal(slice) && !isUnknown(slice);
  const unknown = pieces(places, ({ slices }) => !slices.some(isKnown)).find(
    (piece) => piece.length >= places.length * UNKNOWN_PART && tissueOf(piece) >= WINDOW - TOLERANCE,
  );
  return unknown ? commonestReason(unknown.flatMap(({ slices }) => slices)) : null;
}

/** Groups of neighbouring places for which `holds`. */
function pieces(places: readonly Place[], holds: (place: Place) => boolean): Place[][] {
  const found: Place[][] = [];
  for (const [index, place] of places.entries()) {
    if (!holds(place)) continue;
    const before = places[index - 1];
    if (before && holds(before)) found.at(-1)?.push(place);
    else found.push([place]);
  }
  return found;
}

/** Millimetres of tissue that the places may stand for together. */
const tissueOf = (places: readonly Place[]): number => places.reduce((sum, { most }) => sum + most, 0);

/** The largest mean probability of any finding over 10 mm of tissue. Slices unlike the training data count as 0. */
export function largestPresence(series: readonly Place[][], normalLabel: string): number {
  const presence = (place: Place) => presenceAtPlace(place, normalLabel) ?? 0;
  return Math.max(...series.map((places) => densest(places, places.map(presence), WINDOW)));
}

/** The commonest reason of these slices to abstain. Slices that contradict one another lack confidence as well. */
export function commonestReason(predictions: readonly SlicePrediction[]): ReasonToAbstain {
  const reasons = predictions.map(reasonOf);
  const count = (reason: ReasonToAbstain) => reasons.filter((candidate) => candidate === reason).length;
  return reasons.reduce(
    (best, candidate) => (count(candidate) > count(best) ? candidate : best),
    'LOW_CONFIDENCE' as ReasonToAbstain,
  );
}

function reasonOf({ status, abstentionReason }: SlicePrediction): ReasonToAbstain {
  return status === 'FAILED' ? 'TOO_FEW_SLICES' : (abstentionReason ?? 'LOW_CONFIDENCE');
}

/** Why a stretch is not a finding. */
function whyNoFinding(stretch: Stretch): ReasonToAbstain {
  const strange = stretch.slices.filter(isUnknown);
  if (strange.length * 2 > stretch.slices.length) return commonestReason(strange);
  return stretch.answers.length > 0 && !isLarge(stretch) ? 'TOO_SMALL' : 'LOW_CONFIDENCE';
}

/** Whether any slice at a place has a label. */
const isRead = ({ slices }: Place): boolean => slices.some(hasLabel);

/**
 * The probability of any finding at a place, by its slice with the highest; null where all are unlike the training
 * data.
 */
function presenceAtPlace({ slices }: Place, normalLabel: string): number | null {
  const known = slices.filter(hasLabel).filter((slice) => !isUnknown(slice));
  return known.length === 0 ? null : Math.max(...known.map((slice) => presenceOf(slice, normalLabel)));
}
