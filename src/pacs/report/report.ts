import type { AbstentionReason } from '../../wording/abstentions.js';
import type { SourceHeader } from './sourceHeader.js';
import type { WrittenAt } from './whenWritten.js';

/** A coded concept (PS3.3 8.8): code, coding scheme designator, and meaning in English. */
export type Code = { scheme: string; code: string; meaning: string };

/**
 * An image of the source's study, or one frame of it. `frameNumber` counts from 1 and is present for multi-frame
 * objects only.
 */
export type Reference = {
  sopClassUid: string;
  sopInstanceUid: string;
  seriesInstanceUid: string;
  frameNumber?: number;
};

/** This installation, as the observer of everything that it writes. `name`: its station name, at most 16 characters. */
export type ReportingDevice = { uid: string; name: string; serialNumber: string; softwareVersion: string };

/**
 * The model that gave the answer. `sha256` is the hash of its graph and identifies it even where two builds share a
 * version.
 */
export type Algorithm = { name: string; version: string; sha256: string };

/** A slice that the answer rests on. `confidence`: calibrated probability of the answer's label, 0–1. */
export type SliceAnswer = { reference: Reference; confidence: number };

/**
 * What an answer rests on. `confidence`: mean calibrated probability of the label over `slices`, 0–1. `key`: the slice
 * to look at first.
 */
type AnswerBasis = { label: Code; confidence: number; key: Reference; slices: readonly SliceAnswer[] };

/**
 * What the model says of the study.
 * KIND_UNSURE: a finding is present, and its kind is not sure. `kinds` lists the possible ones, likeliest first;
 * `confidence` is that of any kind.
 * ABSTAINED: `guess` is the likeliest label. Only the text mentions it; no code does.
 */
export type ReportedAnswer =
  | ({ outcome: 'FINDING' | 'NO_FINDING' } & AnswerBasis)
  | ({ outcome: 'KIND_UNSURE'; kinds: readonly { label: Code; probability: number }[] } & Omit<AnswerBasis, 'label'>)
  | { outcome: 'ABSTAINED'; reason: AbstentionReason; guess: Code | null; key: Reference | null }
  | { outcome: 'FAILED'; failureCode: string };

/**
 * What every written object has, whatever its content. `source`: header of an instance of the same study. `written`:
 * see whenWritten.ts. The UIDs come from resultUids.ts.
 */
export type WrittenObject = {
  sopInstanceUid: string;
  seriesInstanceUid: string;
  seriesNumber: number;
  instanceNumber: number;
  written: WrittenAt;
  source: SourceHeader;
  device: ReportingDevice;
  algorithm: Algorithm;
};

/**
 * A structured report on one study.
 * `lookedFor`: the concept that is present or absent, such as a neoplasm. `kinds`: every kind of it that the model
 * knows.
 * `examined`: every slice that the model got. `counts`: how many of them were answered, abstained and failed.
 * `completeness`: whether the whole study is known to be here, and how that is known.
 * `predecessor`: the report that this one replaces; null for the first.
 */
export type StudyReport = WrittenObject & {
  tracking: { uid: string; identifier: string };
  lookedFor: Code;
  kinds?: readonly Code[];
  answer: ReportedAnswer;
  examined: readonly Reference[];
  counts: { answered: number; abstained: number; failed: number };
  completeness: { proven: boolean; evidence: string };
  predecessor: Reference | null;
};
