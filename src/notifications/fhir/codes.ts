import { createHash } from 'node:crypto';
import { inWords } from '../../wording/sayAnswer.js';

/** A code of a coding system (R4 Coding). */
export type Coding = { system: string; code: string; display: string };
/** A concept by codes, by words, or both (R4 CodeableConcept). */
export type CodeableConcept = { coding?: Coding[]; text?: string };
/** A resource: its elements by name, as in R4's JSON. */
export type Resource = { resourceType: string; [element: string]: unknown };

/** Address of LOINC in FHIR. */
export const LOINC = 'http://loinc.org';
/** Address of SNOMED CT in FHIR. */
export const SNOMED_CT = 'http://snomed.info/sct';
/** Address of DICOM's own codes in FHIR. */
export const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
/** Address of UCUM, the code of units, in FHIR. */
export const UCUM = 'http://unitsofmeasure.org';
/** Our coding system of the values of GraphQL's AbstentionReason, named by a UID derived from a UUID (PS3.5 B.2). */
export const ABSTENTION_REASON_SYSTEM = 'urn:oid:2.25.43504628381153361803027907894578549193';

/** DICOM's coding scheme designators (PS3.16 Table 8-1) that have an address in FHIR (R4, Using Code Systems). */
const SYSTEMS: Readonly<Record<string, string>> = { SCT: SNOMED_CT, DCM: DICOM, LN: LOINC };

/** Makes a concept of one code. `text`: words for people, by default the code's own. */
export function concept(system: string, code: string, display: string, text = display): CodeableConcept {
  return { coding: [{ system, code, display }], text };
}

/**
 * Makes a concept of a model's label: its words, and its code where the manifest gives one of a scheme that FHIR knows.
 */
export function labelConcept(
  label: string,
  codes: Readonly<Record<string, { scheme: string; code: string; meaning: string }>>,
): CodeableConcept {
  const text = inWords(label);
  const given = Object.hasOwn(codes, label) ? codes[label] : undefined;
  const system = given && SYSTEMS[given.scheme];
  return given && system ? concept(system, given.code, given.meaning, text) : { text };
}

/** Names a resource in its bundle. The same id always gets the same name (a UUID of version 8, RFC 9562 5.8). */
export function urn(resourceType: string, id: string): string {
  const hex = createHash('sha256').update(`${resourceType} ${id}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(18, 20)}`,
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join('-')}`;
}
