import type { DataSet } from '../write/writeInstance.js';
import type { Code, Reference } from './report.js';

/** A node of a report's content tree (PS3.3 C.17.3), by DICOM keyword. */
export type ContentItem = DataSet;
/** How a content item relates to its parent (Relationship Type, PS3.3 C.17.3.2.4). */
export type Relationship = 'CONTAINS' | 'HAS OBS CONTEXT' | 'HAS ACQ CONTEXT' | 'HAS CONCEPT MOD' | 'INFERRED FROM';

const LONGEST_CODE = 16; // characters of SH; a longer code goes into Long Code Value (PS3.3 8.1)
const LONGEST_MEANING = 64; // characters of LO

/** A code as an item of a code sequence (PS3.3 table 8.8-1). */
export function codeItem({ scheme, code, meaning }: Code): DataSet {
  const value = code.length > LONGEST_CODE ? { LongCodeValue: code } : { CodeValue: code };
  return { ...value, CodingSchemeDesignator: scheme, CodeMeaning: meaning.slice(0, LONGEST_MEANING) };
}

/** A content item of value type CODE: the concept `name` has the coded `value`. */
export function codeContent(relationship: Relationship, name: Code, value: Code, children: ContentItem[] = []) {
  return item(relationship, 'CODE', name, { ConceptCodeSequence: [codeItem(value)] }, children);
}

/** A content item of value type TEXT. */
export function textContent(relationship: Relationship, name: Code, text: string): ContentItem {
  return item(relationship, 'TEXT', name, { TextValue: text });
}

/** A content item of value type UIDREF. */
export function uidContent(relationship: Relationship, name: Code, uid: string): ContentItem {
  return item(relationship, 'UIDREF', name, { UID: uid });
}

/** A content item of value type NUM. `value`: a decimal string (DS). */
export function numberContent(
  relationship: Relationship,
  name: Code,
  value: string,
  units: Code,
  children: ContentItem[] = [],
): ContentItem {
  const measured = { MeasurementUnitsCodeSequence: [codeItem(units)], NumericValue: value };
  return item(relationship, 'NUM', name, { MeasuredValueSequence: [measured] }, children);
}

/**
 * Content items of value type IMAGE, one for each instance with all of its referenced frames (PS3.3 C.18.4). `name` is
 * null where a template asks for none.
 */
export function imageContents(
  relationship: Relationship,
  name: Code | null,
  references: readonly Reference[],
): ContentItem[] {
  return byInstance(references).map(({ reference, frames }) =>
    item(relationship, 'IMAGE', name, { ReferencedSOPSequence: [sopReference(reference, frames)] }),
  );
}

/** A content item of value type CONTAINER. `template`: the number in PS3.16 of the template that begins here. */
export function container(
  relationship: Relationship | null,
  name: Code,
  children: readonly ContentItem[],
  template?: string,
): ContentItem {
  const templates = template && {
    ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: template }],
  };
  return item(relationship, 'CONTAINER', name, { ContinuityOfContent: 'SEPARATE', ...(templates || {}) }, children);
}

/** An item of the SOP Instance Reference and Image SOP Instance Reference macros (PS3.3 10.8, 10.3). */
export function sopReference({ sopClassUid, sopInstanceUid }: Reference, frames: readonly number[] = []): DataSet {
  return {
    ReferencedSOPClassUID: sopClassUid,
    ReferencedSOPInstanceUID: sopInstanceUid,
    ...(frames.length > 0 && { ReferencedFrameNumber: [...frames] }),
  };
}

/**
 * Groups references by instance, in the order of each instance's first reference. An empty `frames` means the whole
 * instance.
 */
export function byInstance(references: readonly Reference[]): { reference: Reference; frames: number[] }[] {
  const instances = new Map<string, { reference: Reference; frames: number[] }>();
  for (const reference of references) {
    const { sopInstanceUid, frameNumber } = reference;
    const instance = instances.get(sopInstanceUid) ?? { reference, frames: [] };
    instances.set(sopInstanceUid, instance);
    if (frameNumber !== undefined && !instance.frames.includes(frameNumber)) instance.frames.push(frameNumber);
  }
  return [...instances.values()];
}

function item(
  relationship: Relationship | null,
  valueType: string,
  name: Code | null,
  value: DataSet,
  children: readonly ContentItem[] = [],
): ContentItem {
  return {
    ...(relationship && { RelationshipType: relationship }),
    ValueType: valueType,
    ...(name && { ConceptNameCodeSequence: [codeItem(name)] }),
    ...value,
    ...(children.length > 0 && { ContentSequence: children }),
  };
}
