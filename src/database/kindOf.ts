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

/** The type that an id names; undefined for what is no id of ours. A job's id is the queue's own, a bare UUID. */
export function kindOf(id: string): string | undefined {
  const [matched, kind] = OURS.exec(id) ?? [];
  return matched && (kind === undefined ? 'Job' : KINDS[kind]);
}
