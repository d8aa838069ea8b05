import type { PatientAttributes } from './parse.js';

/** Whose study an object, or an archive, says that it is. */
export type StudyPatient = PatientAttributes & { accessionNumber: string | null };

/** An attribute, by its keyword, that two say differently. */
export type DifferingValue = { attribute: string; first: string | null; other: string | null };

const KEYWORDS = {
  id: 'PatientID',
  issuer: 'IssuerOfPatientID',
  name: 'PatientName',
  birthDate: 'PatientBirthDate',
  sex: 'PatientSex',
  accessionNumber: 'AccessionNumber',
} as const satisfies Record<keyof StudyPatient, string>;

/** Exactly as they are written. What one of them does not say is a difference only where nothing else is. */
export function listDifferences(first: StudyPatient, other: StudyPatient): DifferingValue[] {
  const keys = Object.keys(KEYWORDS) as (keyof StudyPatient)[];
  const contradictions = keys.filter((key) => contradict(first[key], other[key]));
  const shown = contradictions.length > 0 ? contradictions : keys.filter((key) => first[key] !== other[key]);
  return shown.map((key) => ({ attribute: KEYWORDS[key], first: first[key], other: other[key] }));
}

/**
 * Whether they are two patients. Another PatientID, or issuer of it, is another patient (PS3.3 C.7.1.1). Under the same
 * one a name alone may have been corrected, but not name and birth date together. Where an ID is missing, the name
 * decides, or where that is missing too, the birth date; two of which each says something else are not known to be one. Who
 * says nothing of a patient contradicts nobody.
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

/** Name and birth date, both known, are the same: an archive may have given this person an ID of its own. */
export function isSamePerson(a: PatientAttributes, b: PatientAttributes): boolean {
  const [nameA, nameB] = [plainName(a.name), plainName(b.name)];
  const [birthA, birthB] = [plainDate(a.birthDate), plainDate(b.birthDate)];
  return nameA !== null && nameA === nameB && birthA !== null && birthA === birthB;
}

/** `main`, with what it does not say taken from `other`: for objects that came and name the same patient. */
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

/** PS3.5 6.2.1.2: without what may differ between two ways to write the same name: case, blanks, empty components. */
function plainName(name: string | null): string | null {
  if (name === null) return null;
  const [alphabetic = '', ...others] = name.split('=');
  const group = [alphabetic, ...others].find((candidate) => candidate.replace(/[\s^]/g, '') !== '') ?? '';
  const components = group.split('^').map((part) => part.trim().replace(/\s+/g, ' ').toLocaleLowerCase('en'));
  return components.join('^').replace(/\^+$/, '') || null;
}

/** A date that is none, such as 00000000, says nothing. */
function plainDate(date: string | null): string | null {
  return date !== null && /^(?:19|20|18)\d{6}$/.test(date) ? date : null;
}
