const KINDS: Readonly<Record<string, string>> = {
  study: 'Study',
  slice: 'Slice',
  prediction: 'Prediction',
  explanation: 'Explanation',
  model: 'Model',
  review: 'Review',
  patient: 'Patient',
};
const OURS = /^(?:([a-z]+)-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The type of the row that an id names; undefined where it is none of our ids. Jobs have a bare UUID, the queue's own.
 */
export function kindOf(id: string): string | undefined {
  const [matched, kind] = OURS.exec(id) ?? [];
  return matched && (kind === undefined ? 'Job' : KINDS[kind]);
}
