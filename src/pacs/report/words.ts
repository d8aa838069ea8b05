import { INTENDED_USE, LIMITS } from '../../about.js';
import { counted } from '../../output/counted.js';
import { inPercent } from '../../statistics/percent.js';
import type { Code, StudyReport } from './report.js';
import { ABSTENTION_REASONS } from './vocabulary.js';

/** The intended use, as a sentence of its own. */
export const DISCLAIMER = `${INTENDED_USE}.`;

/** The answer in words, for readers who do not look at codes. It holds no patient data. */
export function describeAnswer({ answer, algorithm, kinds, lookedFor }: StudyReport): string {
  const model = `${algorithm.name} ${algorithm.version}`;
  switch (answer.outcome) {
    case 'FINDING':
      return `${model} finds: ${answer.label.meaning}. ${describeCertainty(answer)}`;
    case 'KIND_UNSURE':
      return `${model} finds: ${lookedFor.meaning}, kind not sure: ${describeKinds(answer.kinds)}. Of any of these: ${describeCertainty(answer)}`;
    case 'NO_FINDING':
      return `No finding by ${model}: ${answer.label.meaning}. ${describeCertainty(answer)} ${describeLookedFor(kinds)}${LIMITS}.`;
    case 'ABSTAINED':
      return `No answer: ${model} abstains. ${ABSTENTION_REASONS[answer.reason].meaning}. This is neither a finding nor the absence of one.${describeGuess(answer.guess?.meaning)}`;
    case 'FAILED':
      return `No answer: the study could not be evaluated by ${model} (${answer.failureCode}). This is neither a finding nor the absence of one.`;
  }
}

function describeCertainty({ confidence, slices }: { confidence: number; slices: readonly unknown[] }): string {
  return `Certainty ${inPercent(confidence)}: calibrated probability, mean over ${counted(slices.length, 'slice')}.`;
}

function describeKinds(kinds: readonly { label: Code; probability: number }[]): string {
  return kinds.map(({ label, probability }) => `${label.meaning} ${inPercent(probability)}`).join(' or ');
}

function describeLookedFor(kinds: readonly Code[] = []): string {
  return kinds.length === 0 ? '' : `It looked for: ${kinds.map(({ meaning }) => meaning).join(', ')}. `;
}

function describeGuess(meaning: string | undefined): string {
  return meaning === undefined ? '' : ` Its likeliest label, not to be relied on, was: ${meaning}.`;
}

/** How many slices the answer rests on, and whether the study is known to be complete. */
export function describeBasis({ counts, completeness }: StudyReport): string {
  const { answered, abstained, failed } = counts;
  const complete = completeness.proven ? 'The study is complete' : 'It is not proven that the study is complete';
  return `${counted(answered, 'slice')} with an answer, ${abstained} without, ${failed} could not be read. ${complete}: ${completeness.evidence}`;
}
