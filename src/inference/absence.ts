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

/** mm: a tumour of 100 mm² in a slice, the least that is measured for the card, is about 11 mm across. */
const WINDOW = 10;
/** Of any finding in one slice: from this on, a slice alone speaks against "nothing found", however thin. */
const SURE = 0.98;
/** Share of the slices that must be like the training data; and, for an answer, share that must be answered alike. */
export const ENOUGH = 0.5;
/** Share of a series' places from which on answers that lie apart are too many to be errors. */
const SCATTERED = 0.02;
/** Share of a series' places: so large a part of it, in one piece, must not be unknown. */
const UNKNOWN_PART = 0.25;
/** Where the model's manifest says nothing else: even odds over WINDOW, and better ones on the whole. */
const ABSENT = 0.5;
const CLEAR = 0.6;
/** Sums of what is a tie end above or below it by what lies elsewhere. */
const ROUNDING = 1e-9;

/** `ordered`: all verdicts; `series`: the places of each; `stretches`: of all series. */
type StudyEvidence = { ordered: readonly SlicePrediction[]; series: readonly Place[][]; stretches: readonly Stretch[] };

/**
 * What speaks against "nothing found" in a study without a finding; null where nothing does. That there is no tumour has to be
 * seen everywhere, so one of these is enough:
 * - too few places, or fewer than half of all slices answered, and normal;
 * - neighbouring slices with answers of whatever kinds, or with one place between them, or many that lie apart;
 * - 10 mm that lean to a finding, on known ground or not, or one sure slice;
 * - 10 mm in one piece that could not be read, or a quarter of a series that is unlike what the model was made from;
 * - a probability of any finding that is too high, in the mean over 10 mm anywhere or over all places.
 */
export function objectionToAbsence(
  told: StudyEvidence,
  rule: StudyRule & { normalLabel: string },
): ReasonToAbstain | null {
  const { ordered, series, stretches } = told;
  if (Math.max(...series.map((places) => places.filter(isRead).length)) < FEWEST_PLACES) return 'TOO_FEW_SLICES';
  const speaking = heaviest(
    stretches.filter((stretch) => stretch.answeredPlaces >= LEAST_PLACES || stretch.leaning >= WINDOW - TOLERANCE),
  );
  if (speaking) return lackOf(speaking);
  const answered = series.map((places) => placesWithAnswer(places, rule.normalLabel));
  if (answered.some(isInterrupted)) return 'TOO_SMALL';
  if (answered.some(isScattered)) return 'LOW_CONFIDENCE';
  const known = series.map((places) => places.map((place) => presenceAt(place, rule.normalLabel)));
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
  if (!free.some((places) => places.length >= FEWEST_PLACES && millimetres(places) >= WINDOW - TOLERANCE))
    return 'TOO_FEW_SLICES';
  const presences = known.flat().filter((presence) => presence !== null);
  const clear = 1 - presences.reduce((sum, presence) => sum + presence, 0) / presences.length;
  return clear < (rule.clear ?? CLEAR) - ROUNDING ? 'LOW_CONFIDENCE' : null;
}

/** Of the places that were read, which have an answer that there is a finding. */
function placesWithAnswer(places: readonly Place[], normalLabel: string): boolean[] {
  const tells = (slice: SlicePrediction) => isAnswer(slice) && slice.label !== normalLabel;
  return places.filter(isRead).map(({ slices }) => slices.some(tells));
}

/** Whether two answers have but one place between them. */
function isInterrupted(answered: readonly boolean[]): boolean {
  return answered.some((isAnswered, index) => isAnswered && answered[index + 2] === true);
}

function isScattered(answered: readonly boolean[]): boolean {
  const count = answered.filter(Boolean).length;
  return count >= LEAST_PLACES && count >= answered.length * SCATTERED;
}

/** Why so much of a series in one piece was not seen that a tumour may lie there; null where it was. */
function unseenPart(places: readonly Place[], normalLabel: string): ReasonToAbstain | null {
  if (places.some(({ gap }) => gap > TOLERANCE)) return 'TOO_FEW_SLICES';
  // One that leans to a finding does not part what lies on both sides of it.
  const showsNormal = ({ label }: SlicePrediction) => label === normalLabel;
  const unread = pieces(places, ({ slices }) => !slices.some(showsNormal)).filter((piece) => !piece.every(isRead));
  if (unread.some((piece) => millimetres(piece) >= WINDOW - TOLERANCE)) return 'TOO_FEW_SLICES';
  const isKnown = (slice: SlicePrediction) => showsNormal(slice) && !isUnknown(slice);
  const unknown = pieces(places, ({ slices }) => !slices.some(isKnown)).find(
    (piece) => piece.length >= places.length * UNKNOWN_PART && millimetres(piece) >= WINDOW - TOLERANCE,
  );
  return unknown ? commonestReason(unknown.flatMap(({ slices }) => slices)) : null;
}

/** Neighbouring places of which this holds. */
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

const millimetres = (places: readonly Place[]): number => places.reduce((sum, { most }) => sum + most, 0);

/** The largest probability of any finding over 10 mm of tissue, in the mean; what the model does not know counts as none. */
export function largestPresence(series: readonly Place[][], normalLabel: string): number {
  const presence = (place: Place) => presenceAt(place, normalLabel) ?? 0;
  return Math.max(...series.map((places) => densest(places, places.map(presence), WINDOW)));
}

/** Of slices that contradict one another confidence is what is lacking, too. */
export function commonestReason(verdicts: readonly SlicePrediction[]): ReasonToAbstain {
  const reasons = verdicts.map(reasonOf);
  const count = (reason: ReasonToAbstain) => reasons.filter((candidate) => candidate === reason).length;
  return reasons.reduce(
    (best, candidate) => (count(candidate) > count(best) ? candidate : best),
    'LOW_CONFIDENCE' as ReasonToAbstain,
  );
}

function reasonOf({ status, abstentionReason }: SlicePrediction): ReasonToAbstain {
  return status === 'FAILED' ? 'TOO_FEW_SLICES' : (abstentionReason ?? 'LOW_CONFIDENCE');
}

/** What a stretch lacks to be a finding. */
function lackOf(stretch: Stretch): ReasonToAbstain {
  const strange = stretch.slices.filter(isUnknown);
  if (strange.length * 2 > stretch.slices.length) return commonestReason(strange);
  return stretch.answers.length > 0 && !isLarge(stretch) ? 'TOO_SMALL' : 'LOW_CONFIDENCE';
}

const isRead = ({ slices }: Place): boolean => slices.some(hasLabel);

/** How likely there is any finding at a place, by the slice that sees it best; null where none is known ground. */
function presenceAt({ slices }: Place, normalLabel: string): number | null {
  const known = slices.filter(hasLabel).filter((slice) => !isUnknown(slice));
  return known.length === 0 ? null : Math.max(...known.map((slice) => presenceOf(slice, normalLabel)));
}
