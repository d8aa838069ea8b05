import { createHash } from 'node:crypto';
import { inWords } from '../../wording/sayAnswer.js';

export type Coding = { system: string; code: string; display: string };
export type CodeableConcept = { coding?: Coding[]; text?: string };
/** Elements by name, as R4 writes them in JSON. */
export type Resource = { resourceType: string; [element: string]: unknown };

export const LOINC = 'http://loinc.org';
export const SNOMED_CT = 'http://snomed.info/sct';
export const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
export const UCUM = 'http://unitsofmeasure.org';
/** Ours: the values of GraphQL's AbstentionReason. A UID of a UUID (PS3.5 B.2), so that nobody has to own a domain. */
export const ABSTENTION_REASON_SYSTEM = 'urn:oid:2.25.43504628381153361803027907894578549193';

/** DICOM's coding scheme designators (PS3.16 Table 8-1) that have an address in FHIR (R4, Using Code Systems). */
const SYSTEMS: Readonly<Record<string, string>> = { SCT: SNOMED_CT, DCM: DICOM, LN: LOINC };

export function concept(system: string, code: string, display: string, text = display): CodeableConcept {
  return { coding: [{ system, code, display }], text };
}

/** A model's label: its code where the manifest gives one of a scheme that FHIR knows, and always its words. */
export function labelConcept(
  label: string,
  codes: Readonly<Record<string, { scheme: string; code: string; meaning: string }>>,
): CodeableConcept {
  const text = inWords(label);
  const given = Object.hasOwn(codes, label) ? codes[label] : undefined;
  const system = given && SYSTEMS[given.scheme];
  return given && system ? concept(system, given.code, given.meaning, text) : { text };
}

/** The name of a resource in its bundle: always the same for the same thing (UUID of version 8, RFC 9562 5.8). */
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
