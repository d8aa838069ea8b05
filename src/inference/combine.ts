import { groupBy } from '../statistics/groupBy.js';
import { commonestReason, ENOUGH, objectionToAbsence } from './absence.js';
import { type LabelProbability, probabilityIn } from './decide.js';
import { likeliestKind, meanProbabilities } from './kinds.js';
import {
  hasLabel,
  isAnswer,
  isUnknown,
  type Labelled,
  presenceOf,
  probabilityOf,
  type ReasonToAbstain,
  type SlicePrediction,
} from './slicePrediction.js';
import { heaviest, isFinding, type Stretch, stretchesOf } from './stretches.js';
import type { StudyRule } from './studyRule.js';
import { placesOf } from './tissue.js';

/**
 * `probabilities`: of each label, the mean over the slices that the answer rests on; `confidence`: that of `label`. `kinds`: what
 * a finding may be where that is not sure (KINDS_DISAGREE), the likeliest first; else none.
 */
export type Finding = {
  label: string;
  confidence: number;
  probabilities: LabelProbability[];
  kinds: string[];
  abstained: boolean;
  abstentionReason: ReasonToAbstain | null;
  keySliceId: string | null;
  /** Those that the answer rests on. */
  sliceIds: string[];
  sliceCounts: { label: string; count: number }[];
};

/** Share of the slices from which on nearly all are normal. */
const NEARLY_ALL = 0.8;
/** Share of the heaviest finding's weight from which on another one says as much of the kind. */
const RIVAL = 0.5;

/**
 * The slices' verdicts as one answer. First whether there is anything, then of which kind:
 * 1. A finding is there where neighbouring slices of one series say so, whatever kinds they name, at two places and over 7 mm
 *    of tissue, one of them as sure as `surest`. Its kind is the likeliest of these slices together, where that has two thirds
 *    of what the kinds have and no finding of comparable weight elsewhere is of another; else the study abstains from naming one
 *    (KINDS_DISAGREE).
 * 2. Nothing is found where half of the slices are normal, and nowhere anything speaks against it (`objectionToAbsence`).
 * 3. Else the study abstains, with the reason, and the slice to look at. Where nearly all slices are normal it names no kind.
 * Where more than half of the slices are unlike what the model was made from it abstains, whatever the others say.
 * More evidence of a finding anywhere never moves an answer towards "nothing found".
 * A model without a `normalLabel` is answered by the label with the largest sum of confidences.
 * @returns null when no slice has a verdict.
 */
export function combine(verdicts: readonly SlicePrediction[], rule: StudyRule): Finding | null {
  const ordered = verdicts.toSorted(inOrder);
  const seen = ordered.filter(hasLabel);
  const { normalLabel } = rule;
  if (seen.length === 0) return null;
  if (normalLabel === undefined) return combineWithoutNormal(seen);
  const series = [...groupBy(ordered, ({ seriesId }) => seriesId).values()].map(placesOf);
  const stretches = series.flatMap((places) => stretchesOf(places, normalLabel));
  const found = findingsOf(stretches, rule.surest);
  // Of what it does not know the model can say neither.
  const strange = seen.filter(isUnknown).length > seen.length * (1 - ENOUGH);
  const [first] = found;
  if (first && !strange) {
    const kindOf = ({ answers }: Stretch) => likeliestKind(meanProbabilities(answers), normalLabel).label;
    const alike = found.every((stretch) => kindOf(stretch) === kindOf(first));
    const answers = alike ? first.answers : found.flatMap((stretch) => stretch.answers);
    const { label, sure, kinds } = likeliestKind(meanProbabilities(answers), normalLabel);
    if (sure && alike) return finding(seen, label, answers, surestOf(answers, label), null);
    const key = mostSuspect(answers, normalLabel);
    return { ...finding(seen, label, answers, key, 'KINDS_DISAGREE'), kinds };
  }
  const normal = seen.filter(({ label }) => label === normalLabel);
  const reason = strange
    ? commonestReason(seen)
    : objectionToAbsence({ ordered, series, stretches }, { ...rule, normalLabel });
  if (reason === null) {
    const answers = normal.filter(isAnswer);
    return finding(seen, normalLabel, answers, middle(answers), null);
  }
  const suspect = heaviest(stretches);
  const basis = suspect && !strange ? suspect.slices : likeliest(seen);
  const key = mostSuspect(suspect ? basis : seen, normalLabel);
  if (normal.length >= seen.length * NEARLY_ALL) return finding(seen, normalLabel, normal, key, reason);
  const guess = basis.every(({ label }) => label === normalLabel)
    ? normalLabel
    : likeliestKind(meanProbabilities(basis), normalLabel).label;
  return finding(seen, guess, basis, key, reason);
}

/** The findings of a study, the heaviest first, and no other that has less than half of its weight. */
function findingsOf(stretches: readonly Stretch[], surest: number | undefined): Stretch[] {
  const found = stretches.filter((stretch) => isFinding(stretch, surest)).toSorted((a, b) => b.weight - a.weight);
  return found.filter(({ weight }) => weight >= (found[0] as Stretch).weight * RIVAL);
}

function combineWithoutNormal(seen: readonly Labelled[]): Finding {
  const answers = seen.filter(isAnswer);
  const basis = likeliest(answers.length > 0 ? answers : seen);
  const enough = answers.length >= seen.length * ENOUGH;
  const { label } = basis[0] as Labelled;
  return finding(seen, label, basis, surestOf(basis, label), enough ? null : commonestReason(seen));
}

function finding(
  seen: readonly Labelled[],
  label: string,
  basis: readonly Labelled[],
  key: Labelled,
  reason: ReasonToAbstain | null,
): Finding {
  const probabilities = meanProbabilities(basis);
  const answers = [...groupBy(seen.filter(isAnswer), (slice) => slice.label)];
  return {
    label,
    confidence: probabilityIn(probabilities, label),
    probabilities,
    kinds: [],
    abstained: reason !== null,
    abstentionReason: reason,
    keySliceId: key.sliceId,
    sliceIds: basis.map(({ sliceId }) => sliceId),
    sliceCounts: answers.map(([answer, group]) => ({ label: answer, count: group.length })),
  };
}

const inOrder = (a: SlicePrediction, b: SlicePrediction): number =>
  compare(a.seriesId, b.seriesId) || a.position - b.position || compare(a.sliceId, b.sliceId);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function mostSuspect(slices: readonly Labelled[], normalLabel: string): Labelled {
  const presence = (slice: Labelled) => presenceOf(slice, normalLabel);
  return slices.reduce((best, slice) => (presence(slice) > presence(best) ? slice : best));
}

function surestOf(slices: readonly Labelled[], label: string): Labelled {
  return slices.reduce((best, slice) => (probabilityOf(slice, label) > probabilityOf(best, label) ? slice : best));
}

/** Those of the label with the largest sum of confidences. */
function likeliest(slices: readonly Labelled[]): Labelled[] {
  return heaviestOf([...groupBy(slices, ({ label }) => label).values()]);
}

/** The middle one of the surest series. */
function middle(slices: readonly Labelled[]): Labelled {
  const surest = heaviestOf([...groupBy(slices, ({ seriesId }) => seriesId).values()]);
  return surest[Math.floor(surest.length / 2)] as Labelled;
}

function heaviestOf(groups: readonly Labelled[][]): Labelled[] {
  const weight = (group: readonly Labelled[]) => group.reduce((sum, { confidence }) => sum + confidence, 0);
  return groups.reduce((best, group) => (weight(group) > weight(best) ? group : best));
}
