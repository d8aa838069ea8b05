import type { SourceHeader } from './sourceHeader.js';
import type { WrittenAt } from './whenWritten.js';

/** A coded concept (PS3.3 8.8): a code, whose scheme it is of, and what it means in English. */
export type Code = { scheme: string; code: string; meaning: string };

/** An image of the source's study, or one frame of it. `frameNumber`: from 1, of multi-frame objects only. */
export type Reference = {
  sopClassUid: string;
  sopInstanceUid: string;
  seriesInstanceUid: string;
  frameNumber?: number;
};

/** Who observed: this installation, the same in all that it writes. `name`: its station name, of at most 16 characters. */
export type ReportingDevice = { uid: string; name: string; serialNumber: string; softwareVersion: string };

/** `sha256` of the model's graph: a version says what it should be, the hash what it is. */
export type Algorithm = { name: string; version: string; sha256: string };

/** A slice that the answer rests on, and the calibrated probability, 0–1, that it gives the answer's label. */
export type SliceAnswer = { reference: Reference; confidence: number };

/** `confidence`: mean calibrated probability of the label over `slices`, 0–1. `key`: the slice to look at first. */
type AnswerBasis = { label: Code; confidence: number; key: Reference; slices: readonly SliceAnswer[] };

/**
 * What the model says of the study. KIND_UNSURE: there is what was looked for, and `kinds` says what it may be, the likeliest
 * first; its confidences are of any kind. `guess`: the likeliest label of one that gives no answer, told in words only.
 */
export type ReportedAnswer =
  | ({ outcome: 'FINDING' | 'NO_FINDING' } & AnswerBasis)
  | ({ outcome: 'KIND_UNSURE'; kinds: readonly { label: Code; probability: number }[] } & Omit<AnswerBasis, 'label'>)
  | { outcome: 'ABSTAINED'; reason: AbstentionReason; guess: Code | null; key: Reference | null }
  | { outcome: 'FAILED'; failureCode: string };

export type AbstentionReason =
  | 'LOW_CONFIDENCE'
  | 'OUT_OF_DISTRIBUTION'
  | 'NOT_A_BRAIN_MR'
  | 'TOO_SMALL'
  | 'KINDS_DISAGREE'
  | 'TOO_FEW_SLICES';

/**
 * What an object that we write is, beside its content. `source`: the header of an instance of the study. `written`: see
 * whenWritten.ts. The UIDs are those of resultUids.ts.
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
 * A study's answer. `lookedFor`: what is present or absent, such as a neoplasm; `kinds`: all of it that the model knows.
 * `examined`: every slice that was given to the model; `counts`: what became of them. `completeness`: whether all of the study is known to have been here, and
 * how that is known. `predecessor`: the report that this one replaces; null for the first.
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
