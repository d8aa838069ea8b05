import type { Resource } from './codes.js';

/** Writes an error (R4 OperationOutcome). `code`: of the value set IssueType. `details`: for people. */
export function writeOperationOutcome(
  code: 'not-found' | 'invalid' | 'transient' | 'conflict',
  details: string,
): Resource {
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code, details: { text: details } }],
  };
}
