import { groupBy } from './groupBy.js';

/** One reader's latest verdict on one thing (a slice or a study), and the model's answer when it was given. */
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

/** An answer of the model and what its readers say. `truth`: null where they do not agree. */
export type ReviewedAnswer = {
  thingId: string;
  studyId: string;
  truth: string | null;
  label: string;
  confidence: number;
  abstained: boolean;
};

/**
 * Finds one truth for each thing: the label that more than half of its readers give. Two readers who differ leave it
 * open until a third one decides, as in double reading with adjudication; a mere lead of votes is not a truth. The
 * model's answer is that on which the latest verdict was given.
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

/** The label of more than half; null without one. */
function majority(labels: readonly string[]): string | null {
  return labels.find((label) => labels.filter((candidate) => candidate === label).length * 2 > labels.length) ?? null;
}
