import type { AbstentionReason, PredictionStatus } from './generated/prisma/client.js';

const REASONS = {
  LOW_CONFIDENCE: 'confidence too low',
  OUT_OF_DISTRIBUTION: 'unlike what the model was made from',
  NOT_A_BRAIN_MR: 'not a brain MR',
} as const satisfies Record<AbstentionReason, string>;

/** A probability is never called 100 %. */
export function percent(fraction: number): string {
  return fraction > 0.9995 ? '> 99.9 %' : `${(fraction * 100).toFixed(1)} %`;
}

/** A study's finding, as far as it is told in words. */
export type Finding = {
  label: string;
  confidence: number;
  abstained: boolean;
  abstentionReason: AbstentionReason | null;
};

/** What a study's finding says, as it begins wherever it is shown: "glioma, 92.3 %", "No answer (confidence too low)". */
export function sayFinding({ label, confidence, abstained, abstentionReason }: Finding): string {
  return abstained ? noAnswer(abstentionReason) : `${inWords(label)}, ${percent(confidence)}`;
}

type Prediction = {
  status: PredictionStatus;
  label: string | null;
  confidence: number | null;
  abstentionReason: AbstentionReason | null;
  failureCode: string | null;
};

/** The same of one slice. */
export function sayPrediction({ status, label, confidence, abstentionReason, failureCode }: Prediction): string {
  if (status === 'FAILED') return `No answer (it could not be read: ${failureCode})`;
  if (status === 'ABSTAINED' || label === null || confidence === null) return noAnswer(abstentionReason);
  return `${inWords(label)}, ${percent(confidence)}`;
}

/** What an abstention's label and confidence are, where they are shown at all: behind the words that there is no answer. */
export function sayGuess({ label, confidence }: { label: string | null; confidence: number | null }): string {
  return label === null || confidence === null ? '' : `not relied on: ${inWords(label)} ${percent(confidence)}`;
}

function noAnswer(reason: AbstentionReason | null): string {
  return `No answer (${REASONS[reason ?? 'LOW_CONFIDENCE']})`;
}

function inWords(label: string): string {
  return label.replaceAll('_', ' ');
}
