import { OWN_MANUFACTURER } from '../series/seriesRules.js';
import { type ContentItem, codeContent, container, imageContents, textContent, uidContent } from './contentItem.js';
import { imagesOf, measurementGroup } from './measurementGroup.js';
import type { Code, Reference, ReportedAnswer, ReportingDevice, StudyReport } from './report.js';
import { ABSTENTION_REASONS, CODES, FINDINGS_SUMMARY, PRESENCE } from './vocabulary.js';
import { DISCLAIMER, describeAnswer, describeBasis } from './words.js';

/** The content tree of the report: Imaging Measurement Report (PS3.16 TID 1500). */
export function measurementReport(report: StudyReport): ContentItem {
  return container(
    null,
    CODES.imagingMeasurementReport,
    [
      codeContent('HAS CONCEPT MOD', CODES.language, CODES.english), // TID 1204
      ...observerContext(report.device),
      codeContent('HAS CONCEPT MOD', CODES.procedureReported, CODES.mri),
      ...imageLibrary(referencesOf(report)),
      container('CONTAINS', CODES.imagingMeasurements, [measurementGroup(report)]),
      container('CONTAINS', CODES.qualitativeEvaluations, qualitativeEvaluations(report)),
    ],
    '1500',
  );
}

/** Every image that the report refers to: examined slices, the key slice and the slices behind the answer. */
export function referencesOf({ answer, examined }: StudyReport): Reference[] {
  const { key, slices } = imagesOf(answer);
  return [...examined, ...(key ? [key] : []), ...slices.map(({ reference }) => reference)];
}

/** Observation context (PS3.16 TID 1001, 1002 and 1004): this installation, as a device. */
function observerContext({ uid, name, serialNumber }: ReportingDevice): ContentItem[] {
  return [
    codeContent('HAS OBS CONTEXT', CODES.observerType, CODES.device),
    uidContent('HAS OBS CONTEXT', CODES.deviceObserverUid, uid),
    textContent('HAS OBS CONTEXT', CODES.deviceObserverName, name),
    textContent('HAS OBS CONTEXT', CODES.deviceObserverManufacturer, OWN_MANUFACTURER),
    textContent('HAS OBS CONTEXT', CODES.deviceObserverModelName, OWN_MANUFACTURER),
    textContent('HAS OBS CONTEXT', CODES.deviceObserverSerialNumber, serialNumber),
  ];
}

/** Image library (PS3.16 TID 1600): all examined images, whether or not the answer rests on them. */
function imageLibrary(references: readonly Reference[]): ContentItem[] {
  if (references.length === 0) return [];
  const group = container('CONTAINS', CODES.imageLibraryGroup, [
    codeContent('HAS ACQ CONTEXT', CODES.modality, CODES.magneticResonance), // TID 1602
    codeContent('HAS ACQ CONTEXT', CODES.targetRegion, CODES.head),
    ...imageContents('CONTAINS', null, references),
  ]);
  return [container('CONTAINS', CODES.imageLibrary, [group])];
}

/** Statements about the study that have no number. TID 1501 has no place for them. */
function qualitativeEvaluations(report: StudyReport): ContentItem[] {
  const { answer, lookedFor } = report;
  return [
    codeContent('CONTAINS', lookedFor, PRESENCE[answer.outcome]),
    ...abstention(answer),
    ...findingsSummary(report).map((code) => codeContent('CONTAINS', CODES.findingsSummary, code)),
    textContent('CONTAINS', CODES.conclusion, describeAnswer(report)),
    textContent('CONTAINS', CODES.comment, describeBasis(report)),
    textContent('CONTAINS', CODES.comment, DISCLAIMER),
  ];
}

function abstention(answer: ReportedAnswer): ContentItem[] {
  const reason = answer.outcome === 'KIND_UNSURE' ? 'KINDS_DISAGREE' : 'reason' in answer ? answer.reason : null;
  return reason === null ? [] : [codeContent('CONTAINS', CODES.abstentionReason, ABSTENTION_REASONS[reason])];
}

function findingsSummary({ answer, counts }: StudyReport): Code[] {
  switch (answer.outcome) {
    case 'FINDING':
    case 'KIND_UNSURE':
      return [counts.failed > 0 ? FINDINGS_SUMMARY.partlyFindings : FINDINGS_SUMMARY.findings];
    case 'NO_FINDING':
      return [counts.failed > 0 ? FINDINGS_SUMMARY.partlyNoFindings : FINDINGS_SUMMARY.noFindings];
    case 'FAILED':
      return [FINDINGS_SUMMARY.failed];
    case 'ABSTAINED':
      return [];
  }
}
