import { groupBy } from './groupBy.js';

/** One reader's latest verdict on one thing (a slice or a study), and what the model had answered when it was given. */
export type ReaderVerdict = {
  thingId: string;
  studyId: string;
  reviewer: string;
  label: string;
  createdAt: Date;
  answeredLabel: string;
  answeredConfidence: number;
  answerAbstained: boolean;
};

/** `truth`: null where the readers do not agree. */
export type ReviewedAnswer = {
  thingId: string;
  studyId: string;
  truth: string | null;
  label: string;
  confidence: number;
  abstained: boolean;
};

/**
 * One truth for each thing: the label that more than half of its readers give, each of them one vote. Two who differ leave
 * it open until a third decides, as in reading by two and adjudication; a mere lead of votes is no truth. The model's
 * answer is the one that the latest verdict was given on.
 */
export function findConsensus(verdicts: readonly ReaderVerdict[]): ReviewedAnswer[] {
  const things = groupBy(verdicts, ({ thingId }) => thingId);
  return [...things.values()].map((all) => {
    const { thingId, studyId, ...last } = all.reduce((latest, verdict) =>
      verdict.createdAt > latest.createdAt ? verdict : latest,
    );
    return {
      thingId,
      studyId,
      truth: majority(all.map(({ label }) => label)),
      label: last.answeredLabel,
      confidence: last.answeredConfidence,
      abstained: last.answerAbstained,
    };
  });
}

function majority(labels: readonly string[]): string | null {
  return labels.find((label) => labels.filter((candidate) => candidate === label).length * 2 > labels.length) ?? null;
}
