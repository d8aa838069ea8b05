import { INTENDED_USE } from '../about.js';
import type { Model, Study, StudyFinding, StudyStatus } from '../generated/prisma/client.js';
import { sayFinding } from '../wording/sayAnswer.js';

/** What a webhook says has happened. */
export type EventType = 'study.classified' | 'study.failed' | 'study.skipped';

/** What an event says of a study that has ended. `graphql`: address where receivers can ask for more. */
export type EndedStudy = {
  study: Study;
  finding: StudyFinding | null;
  model: Pick<Model, 'name' | 'version'>;
  graphql: string;
};

/** @returns the event of a study's status; undefined where the study has not ended. */
export function eventType(status: StudyStatus): EventType | undefined {
  if (status === 'CLASSIFIED' || status === 'PARTIAL') return 'study.classified';
  if (status === 'FAILED') return 'study.failed';
  if (status === 'SKIPPED') return 'study.skipped';
  return undefined;
}

/**
 * Content of an event without its id and time: identifiers of images and of ours, never of the patient or the order.
 */
export function eventContent({ study, finding, model, graphql }: EndedStudy) {
  return {
    studyInstanceUid: study.studyInstanceUid,
    studyId: study.id,
    revision: study.revision,
    status: study.status,
    failureCode: study.failureCode,
    ...(study.withheld && { withheld: study.withheld }),
    finding: finding && {
      answer: sayFinding(finding),
      label: finding.label,
      confidence: finding.confidence,
      abstained: finding.abstained,
      abstentionReason: finding.abstentionReason,
      ...(finding.kinds.length > 0 && { kinds: finding.kinds }),
      model: { name: model.name, version: model.version },
    },
    graphql,
    intendedUse: INTENDED_USE,
  };
}
