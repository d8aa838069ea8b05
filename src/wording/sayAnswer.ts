import type { PredictionStatus } from '../generated/prisma/client.js';
import { inPercent } from '../statistics/percent.js';
import { ABSTENTIONS, type AbstentionReason } from './abstentions.js';

/**
 * What words need of a study's finding. `kinds` and `probabilities` are as stored; rows of earlier versions have none.
 */
export type WordedFinding = {
  label: string;
  confidence: number;
  abstained: boolean;
  abstentionReason: AbstentionReason | null;
  kinds?: readonly string[];
  probabilities?: unknown;
};

/**
 * Says a study's finding: "glioma, 92.3 %", "No answer (confidence too low)". Where a tumour is present but its kind is
 * not certain, it says which kinds it may be. Pictures, commands and webhooks begin with this text.
 */
export function sayFinding(finding: WordedFinding): string {
  if (isOfUnsureKind(finding)) return `tumour, kind not sure: ${sayKinds(finding)}`;
  const { label, confidence, abstained, abstentionReason } = finding;
  return abstained ? noAnswer(abstentionReason) : `${inWords(label)}, ${inPercent(confidence)}`;
}

/** Whether a finding says that a tumour is present, but not of which kind. It is stored as an abstention. */
export function isOfUnsureKind({ abstained, abstentionReason, kinds = [] }: WordedFinding): boolean {
  return abstained && abstentionReason === 'KINDS_DISAGREE' && kinds.length > 0;
}

/** Says which kinds a finding may be: "glioma 55.0 % or meningioma 43.1 %". */
export function sayKinds({ kinds = [], probabilities }: WordedFinding): string {
  const stored = (probabilities ?? []) as { label: string; probability: number }[];
  const known = new Map(stored.map(({ label, probability }) => [label, probability]));
  return kinds.map((kind) => `${inWords(kind)} ${inPercent(known.get(kind) ?? 0)}`).join(' or ');
}

/** What words need of a slice's prediction. */
type WordedPrediction = {
  status: PredictionStatus;
  label: string | null;
  confidence: number | null;
  abstentionReason: AbstentionReason | null;
  failureCode: string | null;
};

/** Says one slice's prediction, as `sayFinding` does a study's finding. */
export function sayPrediction({ status, label, confidence, abstentionReason, failureCode }: WordedPrediction): string {
  if (status === 'FAILED') return `No answer (it could not be read: ${failureCode})`;
  if (status === 'ABSTAINED' || label === null || confidence === null) return noAnswer(abstentionReason);
  return `${inWords(label)}, ${inPercent(confidence)}`;
}

/**
 * Says the label and confidence of an abstention, which may only be shown after the words that there is no answer.
 */
export function sayGuess({ label, confidence }: { label: string | null; confidence: number | null }): string {
  return label === null || confidence === null ? '' : `not relied on: ${inWords(label)} ${inPercent(confidence)}`;
}

function noAnswer(reason: AbstentionReason | null): string {
  return `No answer (${ABSTENTIONS[reason ?? 'LOW_CONFIDENCE'].short})`;
}

/** Writes a label for people: "no_tumor" is "no tumor". */
export function inWords(label: string): string {
  return label.replaceAll('_', ' ');
}
