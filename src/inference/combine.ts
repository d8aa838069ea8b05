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
 * What the predictions of a study say together.
 * `probabilities`: of each label, the mean over the slices that the finding rests on (`sliceIds`). `confidence`: that
 * of `label`.
 * `kinds`: what the finding may be where its kind is not sure (KINDS_DISAGREE), likeliest first; else empty.
 */
export type Finding = {
  label: string;
  confidence: number;
  probabilities: LabelProbability[];
  kinds: string[];
  abstained: boolean;
  abstentionReason: ReasonToAbstain | null;
  keySliceId: string | null;
  /** The slices that the finding rests on. */
  sliceIds: string[];
  sliceCounts: { label: string; count: number }[];
};

/** From this share of normal slices on, nearly all are normal. */
const NEARLY_ALL = 0.8;
/** From this share of the heaviest finding's weight on, another finding has as much say about the kind. */
const RIVAL = 0.5;

/**
 * Combines the predictions of a study's slices into one finding: first whether there is anything, then of which kind.
 * 1. There is a finding where neighbouring slices of one series say so, whatever kinds they name: at two places and
 *   over 7 mm of tissue, and one of the slices as sure as `surest`. Its kind is the likeliest one of these slices
 *   together, if that has two thirds of the probability of all kinds and no finding of comparable weight has another
 *   kind. Otherwise the study abstains from naming one (KINDS_DISAGREE).
 * 2. Nothing is found where half of the slices are normal and nothing speaks against it (`objectionToAbsence`).
 * 3. Otherwise the study abstains, with a reason and a slice to look at. If nearly all slices are normal, its label is
 *   the normal one.
 * A study with more than half of its slices unlike the training data abstains, whatever the others say.
 * More evidence of a finding anywhere never moves the result towards "nothing found".
 * For a model without a `normalLabel`, the result is the label with the largest sum of confidences.
 * @returns null when no slice has a label.
 */
export function combine(predictions: readonly SlicePrediction[], rule: StudyRule): Finding | null {
  const ordered = predictions.toSorted(bySeriesAndPosition);
  const labelled = ordered.filter(hasLabel);
  const { normalLabel } = rule;
  if (labelled.length === 0) return null;
  if (normalLabel === undefined) return combineWithoutNormal(labelled);
  const series = [...groupBy(ordered, ({ seriesId }) => seriesId).values()].map(placesOf);
  const stretches = series.flatMap((places) => stretchesOf(places, normalLabel));
  const found = findingsOf(stretches, rule.surest);
  // On slices unlike its training data, the model can say neither that there is a finding nor that there is none.
  const mostlyUnknown = labelled.filter(isUnknown).length > labelled.length * (1 - ENOUGH);
  const [first] = found;
  if (first && !mostlyUnknown) {
    const kindOf = ({ answers }: Stretch) => likeliestKind(meanProbabilities(answers), normalLabel).label;
    const alike = found.every((stretch) => kindOf(stretch) === kindOf(first));
    const answers = alike ? first.answers : found.flatMap((stretch) => stretch.answers);
    const { label, sure, kinds } = likeliestKind(meanProbabilities(answers), normalLabel);
    if (sure && alike) return finding(labelled, label, answers, surestOf(answers, label), null);
    const key = mostSuspect(answers, normalLabel);
    return { ...finding(labelled, label, answers, key, 'KINDS_DISAGREE'), kinds };
  }
  const normal = labelled.filter(({ label }) => label === normalLabel);
  const reason = mostlyUnknown
    ? commonestReason(labelled)
    : objectionToAbsence({ ordered, series, stretches }, { ...rule, normalLabel });
  if (reason === null) {
    const answers = normal.filter(isAnswer);
    return finding(labelled, normalLabel, answers, middleOfSurestSeries(answers), null);
  }
  const suspect = heaviest(stretches);
  const basis = suspect && !mostlyUnknown ? suspect.slices : likeliest(labelled);
  const key = mostSuspect(suspect ? basis : labelled, normalLabel);
  if (normal.length >= labelled.length * NEARLY_ALL) return finding(labelled, normalLabel, normal, key, reason);
  const guess = basis.every(({ label }) => label === normalLabel)
    ? normalLabel
    : likeliestKind(meanProbabilities(basis), normalLabel).label;
  return finding(labelled, guess, basis, key, reason);
}

/** The findings of a study, the heaviest first. Those with less than half of its weight are left out. */
function findingsOf(stretches: readonly Stretch[], surest: number | undefined): Stretch[] {
  const found = stretches.filter((stretch) => isFinding(stretch, surest)).toSorted((a, b) => b.weight - a.weight);
  return found.filter(({ weight }) => weight >= (found[0] as Stretch).weight * RIVAL);
}

function combineWithoutNormal(labelled: readonly Labelled[]): Finding {
  const answers = labelled.filter(isAnswer);
  const basis = likeliest(answers.length > 0 ? answers : labelled);
  const enough = answers.length >= labelled.length * ENOUGH;
  const { label } = basis[0] as Labelled;
  return finding(labelled, label, basis, surestOf(basis, label), enough ? null : commonestReason(labelled));
}

function finding(
  labelled: readonly Labelled[],
  label: string,
  basis: readonly Labelled[],
  key: Labelled,
  reason: ReasonToAbstain | null,
): Finding {
  const probabilities = meanProbabilities(basis);
  const answers = [...groupBy(labelled.filter(isAnswer), (slice) => slice.label)];
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

const bySeriesAndPosition = (a: SlicePrediction, b: SlicePrediction): number =>
  compare(a.seriesId, b.seriesId) || a.position - b.position || compare(a.sliceId, b.sliceId);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function mostSuspect(slices: readonly Labelled[], normalLabel: string): Labelled {
  const presence = (slice: Labelled) => presenceOf(slice, normalLabel);
  return slices.reduce((best, slice) => (presence(slice) > presence(best) ? slice : best));
}

function surestOf(slices: readonly Labelled[], label: string): Labelled {
  return slices.reduce((best, slice) => (probabilityOf(slice, label) > probabilityOf(best, label) ? slice : best));
}

/** The slices of the label with the largest sum of confidences. */
function likeliest(slices: readonly Labelled[]): Labelled[] {
  return heaviestOf([...groupBy(slices, ({ label }) => label).values()]);
}

/** The middle slice of the series with the largest sum of confidences. */
function middleOfSurestSeries(slices: readonly Labelled[]): Labelled {
  const surest = heaviestOf([...groupBy(slices, ({ seriesId }) => seriesId).values()]);
  return surest[Math.floor(surest.length / 2)] as Labelled;
}

function heaviestOf(groups: readonly Labelled[][]): Labelled[] {
  const weight = (group: readonly Labelled[]) => group.reduce((sum, { confidence }) => sum + confidence, 0);
  return groups.reduce((best, group) => (weight(group) > weight(best) ? group : best));
}
