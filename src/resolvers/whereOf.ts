import type { Prisma } from '../generated/prisma/client.js';
import { badInput } from '../schema/connection.js';
import type { PredictionFilter, StudyFilter } from '../schema/filters.js';
import { may, type Request } from './request.js';

const LONGEST_SEARCH = 128;

/**
 * The condition of a filter of studies for Prisma. A search finds nothing by attributes that the caller may not see.
 * @throws GraphQLError BAD_USER_INPUT for a search that is too long.
 */
export function whereStudies(filter: StudyFilter, request: Request): Prisma.StudyWhereInput {
  const { abstained, label, minConfidence, modality, reviewed, status } = filter;
  const { receivedFrom, receivedTo, search, studyDateFrom, studyDateTo } = filter;
  const concernsFinding = label != null || minConfidence != null || abstained != null;
  const finding: Prisma.StudyFindingWhereInput = {
    ...(label && { label: { in: label } }),
    ...(minConfidence != null && { confidence: { gte: minConfidence } }),
    // The label and confidence of an abstention are a guess, so they match only if the filter asks for abstentions.
    abstained: abstained ?? false,
  };
  return {
    ...(status && { status: { in: status } }),
    ...(concernsFinding && { AND: [whereShown(finding, request.context.models.active.model.id)] }),
    ...(reviewed != null && { reviews: { [reviewed ? 'some' : 'none']: { predictionId: null } } }),
    ...(modality && { modalities: { hasSome: modality } }),
    ...((studyDateFrom || studyDateTo) && { studyDate: between(day(studyDateFrom), day(studyDateTo), 'lte') }),
    ...((receivedFrom || receivedTo) && { receivedAt: between(receivedFrom, receivedTo, 'lt') }),
    ...(search && { OR: searched(search, may(request, 'identity')) }),
  };
}

/** The condition on the finding that Study.finding shows, chosen as answerOf does. */
function whereShown(finding: Prisma.StudyFindingWhereInput, modelId: string): Prisma.StudyWhereInput {
  return {
    OR: [
      { findings: { some: { ...finding, modelId } } },
      { findings: { some: { ...finding, latest: true, shadow: false }, none: { modelId } } },
    ],
  };
}

function searched(text: string, identity: boolean): Prisma.StudyWhereInput[] {
  if (text.length > LONGEST_SEARCH || text.includes('\0'))
    throw badInput(`\`search\` has ${LONGEST_SEARCH} characters at most.`);
  const literal = text.replace(/[\\%_]/g, '\\$&'); // Prisma does not escape LIKE's wildcards
  const contains = { contains: literal, mode: 'insensitive' as const };
  return [
    { description: contains },
    ...(/^[\d.]+$/.test(text) ? [{ studyInstanceUid: { startsWith: literal } }] : []),
    ...(identity ? [{ accessionNumber: contains }, { patientName: contains }, { patientId: contains }] : []),
  ];
}

/** The condition of a filter of predictions for Prisma. */
export function wherePredictions(filter: PredictionFilter, request: Request): Prisma.PredictionWhereInput {
  const { abstentionReason, createdFrom, createdTo, label, maxConfidence, minConfidence, model, reviewed, status } =
    filter;
  const bounded = minConfidence != null || maxConfidence != null;
  // The label of an abstention is a guess, so it matches only if the filter asks for abstentions.
  const ofAnswers = (label != null || bounded) && !abstentionReason;
  return {
    modelId: model ?? request.context.models.active.model.id,
    ...(status ? { status: { in: status } } : ofAnswers && { status: 'CLASSIFIED' as const }),
    ...(label && { label: { in: label } }),
    ...(abstentionReason && { abstentionReason: { in: abstentionReason } }),
    ...(reviewed != null && { reviews: { [reviewed ? 'some' : 'none']: {} } }),
    ...(bounded && { confidence: between(minConfidence, maxConfidence, 'lte') }),
    ...((createdFrom || createdTo) && { createdAt: between(createdFrom, createdTo, 'lt') }),
  };
}

function between<T>(from: T | null | undefined, to: T | null | undefined, end: 'lt' | 'lte') {
  return { ...(from != null && { gte: from }), ...(to != null && { [end]: to }) };
}

/** Days are stored as text, YYYY-MM-DD. */
function day(date: string | Date | null | undefined): string | undefined {
  return date ? new Date(date).toISOString().slice(0, 10) : undefined;
}
