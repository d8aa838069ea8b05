import type { PredictionStatus } from '../generated/prisma/client.js';
import { inPercent } from '../statistics/percent.js';
import { ABSTENTIONS, type AbstentionReason } from './abstentions.js';

/** A study's finding, as far as it is told in words. `kinds`, `probabilities`: as stored; rows of before have none. */
export type WordedFinding = {
  label: string;
  confidence: number;
  abstained: boolean;
  abstentionReason: AbstentionReason | null;
  kinds?: readonly string[];
  probabilities?: unknown;
};

/**
 * What a study's finding says, as it begins wherever it is shown: "glioma, 92.3 %", "No answer (confidence too low)",
 * or where a tumour is there and its kind is not sure, what it may be.
 */
export function sayFinding(finding: WordedFinding): string {
  if (isOfUnsureKind(finding)) return `tumour, kind not sure: ${sayKinds(finding)}`;
  const { label, confidence, abstained, abstentionReason } = finding;
  return abstained ? noAnswer(abstentionReason) : `${inWords(label)}, ${inPercent(confidence)}`;
}

/** Whether something was found whose kind is not named: an abstention, but not from saying that it is there. */
export function isOfUnsureKind({ abstained, abstentionReason, kinds = [] }: WordedFinding): boolean {
  return abstained && abstentionReason === 'KINDS_DISAGREE' && kinds.length > 0;
}

/** "glioma 55.0 % or meningioma 43.1 %" */
export function sayKinds({ kinds = [], probabilities }: WordedFinding): string {
  const stored = (probabilities ?? []) as { label: string; probability: number }[];
  const known = new Map(stored.map(({ label, probability }) => [label, probability]));
  return kinds.map((kind) => `${inWords(kind)} ${inPercent(known.get(kind) ?? 0)}`).join(' or ');
}

type WordedPrediction = {
  status: PredictionStatus;
  label: string | null;
  confidence: number | null;
  abstentionReason: AbstentionReason | null;
  failureCode: string | null;
};

/** The same of one slice. */
export function sayPrediction({ status, label, confidence, abstentionReason, failureCode }: WordedPrediction): string {
  if (status === 'FAILED') return `No answer (it could not be read: ${failureCode})`;
  if (status === 'ABSTAINED' || label === null || confidence === null) return noAnswer(abstentionReason);
  return `${inWords(label)}, ${inPercent(confidence)}`;
}

/**
 * What an abstention's label and confidence are, where they are shown at all: behind the words that there is no answer.
 */
export function sayGuess({ label, confidence }: { label: string | null; confidence: number | null }): string {
  return label === null || confidence === null ? '' : `not relied on: ${inWords(label)} ${inPercent(confidence)}`;
}

function noAnswer(reason: AbstentionReason | null): string {
  return `No answer (${ABSTENTIONS[reason ?? 'LOW_CONFIDENCE'].short})`;
}

export function inWords(label: string): string {
  return label.replaceAll('_', ' ');
}
