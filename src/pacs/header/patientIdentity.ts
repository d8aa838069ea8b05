import type { PatientAttributes } from './parse.js';

/** The patient and accession number that an object, or an archive, gives for a study. */
export type StudyPatient = PatientAttributes & { accessionNumber: string | null };

/** An attribute, by keyword, with the two values that differ. */
export type DifferingValue = { attribute: string; first: string | null; other: string | null };

const KEYWORDS = {
  id: 'PatientID',
  issuer: 'IssuerOfPatientID',
  name: 'PatientName',
  birthDate: 'PatientBirthDate',
  sex: 'PatientSex',
  accessionNumber: 'AccessionNumber',
} as const satisfies Record<keyof StudyPatient, string>;

/**
 * Attributes that differ between two sources, with their values as written. A value that one source lacks counts as a
 * difference only where there is no contradiction.
 */
export function listDifferences(first: StudyPatient, other: StudyPatient): DifferingValue[] {
  const keys = Object.keys(KEYWORDS) as (keyof StudyPatient)[];
  const contradictions = keys.filter((key) => contradict(first[key], other[key]));
  const shown = contradictions.length > 0 ? contradictions : keys.filter((key) => first[key] !== other[key]);
  return shown.map((key) => ({ attribute: KEYWORDS[key], first: first[key], other: other[key] }));
}

/**
 * Whether the attributes belong to two patients.
 * Another PatientID, or another issuer, means another patient (PS3.3 C.7.1.1). With the same PatientID, a name or a
 * birth date alone may have been corrected, but not both.
 * Where an ID is missing, the name or the birth date decides. Two sources that share no known attribute do not count as
 * the same patient. A source without any attribute contradicts nobody.
 */
export function isOtherPatient(a: PatientAttributes, b: PatientAttributes): boolean {
  if (contradict(a.id, b.id) || contradict(a.issuer, b.issuer)) return true;
  const otherName = contradict(plainName(a.name), plainName(b.name));
  const otherBirth = contradict(plainDate(a.birthDate), plainDate(b.birthDate));
  if (a.id !== null && b.id !== null) return otherName && otherBirth;
  const known = ({ id, name, birthDate }: PatientAttributes) => [id, plainName(name), plainDate(birthDate)];
  const [knownOfA, knownOfB] = [known(a), known(b)];
  const says = (values: (string | null)[]) => values.some((value) => value !== null);
  const shared = knownOfA.some((value, at) => value !== null && knownOfB[at] !== null);
  return otherName || otherBirth || (says(knownOfA) && says(knownOfB) && !shared);
}

/** Whether name and birth date are known and equal. An archive may have given this person another ID. */
export function isSamePerson(a: PatientAttributes, b: PatientAttributes): boolean {
  const [nameA, nameB] = [plainName(a.name), plainName(b.name)];
  const [birthA, birthB] = [plainDate(a.birthDate), plainDate(b.birthDate)];
  return nameA !== null && nameA === nameB && birthA !== null && birthA === birthB;
}

/** `main` with its missing values taken from `other`. Both must name the same patient. */
export function fillMissing(main: StudyPatient, other: StudyPatient): StudyPatient {
  return {
    name: main.name ?? other.name,
    id: main.id ?? other.id,
    issuer: main.issuer ?? other.issuer,
    birthDate: main.birthDate ?? other.birthDate,
    sex: main.sex ?? other.sex,
    accessionNumber: main.accessionNumber ?? other.accessionNumber,
  };
}

function contradict(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a !== b;
}

/**
 * The name in a form for comparison, without what may differ between two spellings of it: case, blanks, empty
 * components (PS3.5 6.2.1.2).
 */
function plainName(name: string | null): string | null {
  if (name === null) return null;
  const [alphabetic = '', ...others] = name.split('=');
  const group = [alphabetic, ...others].find((candidate) => candidate.replace(/[\s^]/g, '') !== '') ?? '';
  const components = group.split('^').map((part) => part.trim().replace(/\s+/g, ' ').toLocaleLowerCase('en'));
  return components.join('^').replace(/\^+$/, '') || null;
}

/** The date; null for placeholders such as 00000000. */
function plainDate(date: string | null): string | null {
  return date !== null && /^(?:19|20|18)\d{6}$/.test(date) ? date : null;
}
