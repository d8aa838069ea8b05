/** Dummy values by VR. Each is valid (PS3.5 6.2), short, and the same in every file. */
const DUMMIES: Record<string, string> = {
  AE: 'REMOVED',
  AS: '000Y',
  CS: 'REMOVED',
  DA: '19000101',
  DS: '0',
  DT: '19000101000000',
  IS: '0',
  LO: 'REMOVED',
  LT: 'REMOVED',
  PN: 'REMOVED',
  SH: 'REMOVED',
  ST: 'REMOVED',
  TM: '000000',
  UC: 'REMOVED',
  UR: 'about:blank',
  UT: 'REMOVED',
};

/** A dummy for an element of this VR whose value has `length` bytes: text, or that many zeros. */
export function dummyValue(vr: string, length: number): string | Uint8Array {
  return DUMMIES[vr] ?? new Uint8Array(length);
}

/** Whether values of this VR are text, which a control character ends. */
export function isText(vr: string): boolean {
  return vr in DUMMIES || vr === 'UI';
}
