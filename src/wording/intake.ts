import type { IntakeCode } from '../generated/prisma/client.js';
import { readParameters, type StoredReason } from './parameters.js';

/** Says in a sentence why a study is classified, or not; null until that is decided. */
export function sayIntake({ code, parameters }: StoredReason<IntakeCode>): string | null {
  if (code === null) return null;
  const { matches, rule, text } = readParameters(parameters);
  const ruling = sayRuling(rule ?? '', matches ?? '');
  switch (code) {
    case 'CLASSIFIED_BY_RULE':
      return `Classified by ${ruling}.`;
    case 'PASSED_OVER_BY_RULE':
      return `Not classified: ${ruling}.`;
    case 'NO_RULE':
      return 'Not classified: no rule is for it.';
    case 'UPLOADED_PICTURE':
      return 'Uploaded as a picture.';
    case 'WORDED':
      return text ?? null;
  }
}

/**
 * Says which rule decided on a study, and what matched: `rule "MR studies": modality "MR"`. `matches` is empty where
 * the rule has no condition.
 */
export function sayRuling(rule: string, matches: string): string {
  return `rule "${rule}": ${matches || 'matches everything'}`;
}
