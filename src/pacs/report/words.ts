import { INTENDED_USE, LIMITS } from '../../about.js';
import { inPercent } from '../../statistics/percent.js';
import type { Code, StudyReport } from './report.js';
import { ABSTENTION_REASONS } from './vocabulary.js';

export const DISCLAIMER = `${INTENDED_USE}.`;

/** The answer as a reader needs it who looks at no codes. No patient data. */
export function describeAnswer({ answer, algorithm, kinds, lookedFor }: StudyReport): string {
  const model = `${algorithm.name} ${algorithm.version}`;
  switch (answer.outcome) {
    case 'FINDING':
      return `${model} finds: ${answer.label.meaning}. ${sayCertainty(answer)}`;
    case 'KIND_UNSURE':
      return `${model} finds: ${lookedFor.meaning}, kind not sure: ${sayKinds(answer.kinds)}. Of any of these: ${sayCertainty(answer)}`;
    case 'NO_FINDING':
      return `No finding by ${model}: ${answer.label.meaning}. ${sayCertainty(answer)} ${sayLookedFor(kinds)}${LIMITS}.`;
    case 'ABSTAINED':
      return `No answer: ${model} abstains. ${ABSTENTION_REASONS[answer.reason].meaning}. This is neither a finding nor the absence of one.${sayGuess(answer.guess?.meaning)}`;
    case 'FAILED':
      return `No answer: the study could not be evaluated by ${model} (${answer.failureCode}). This is neither a finding nor the absence of one.`;
  }
}

function sayCertainty({ confidence, slices }: { confidence: number; slices: readonly unknown[] }): string {
  return `Certainty ${inPercent(confidence)}: calibrated probability, mean over ${count(slices.length)}.`;
}

function sayKinds(kinds: readonly { label: Code; probability: number }[]): string {
  return kinds.map(({ label, probability }) => `${label.meaning} ${inPercent(probability)}`).join(' or ');
}

function sayLookedFor(kinds: readonly Code[] = []): string {
  return kinds.length === 0 ? '' : `It looked for: ${kinds.map(({ meaning }) => meaning).join(', ')}. `;
}

function sayGuess(meaning: string | undefined): string {
  return meaning === undefined ? '' : ` Its likeliest label, not to be relied on, was: ${meaning}.`;
}

/** What the answer is made of, and whether anything may be missing. */
export function describeBasis({ counts, completeness }: StudyReport): string {
  const { answered, abstained, failed } = counts;
  const complete = completeness.proven ? 'The study is complete' : 'It is not proven that the study is complete';
  return `${count(answered)} with an answer, ${abstained} without, ${failed} could not be read. ${complete}: ${completeness.evidence}`;
}

function count(slices: number): string {
  return slices === 1 ? '1 slice' : `${slices} slices`;
}
