import type { Right } from './caller.js';

/**
 * The right that a field needs. Without the right the operation is refused, or the field is null if it is MASKED, so that
 * everybody can send the same query for a list of studies.
 */
export type Demand = Right | { right: Right; without: 'MASKED' };

const identity: Demand = { right: 'identity', without: 'MASKED' };

/**
 * The demand of each field: by field for the root types and types whose fields differ, else by type. What is missing here is
 * refused to everybody; a test compares the table with the schema.
 */
export const DEMANDS: Readonly<Record<string, Demand | Readonly<Record<string, Demand>>>> = {
  Query: {
    evaluation: 'read',
    statistics: 'read',
    jobs: 'read',
    model: 'read',
    modelComparison: 'read',
    models: 'read',
    node: 'read',
    pacs: 'operate',
    pacsStudies: 'classify',
    prediction: 'read',
    predictions: 'read',
    server: 'read',
    slice: 'read',
    studies: 'read',
    study: 'read',
  },
  Mutation: {
    activateModel: 'administer',
    reviewPrediction: 'review',
    reviewStudy: 'review',
    classifyImage: 'classify',
    classifySlice: 'classify',
    classifyStudy: 'classify',
    explainPrediction: 'classify',
    resolveConflicts: 'operate',
    retryJob: 'operate',
  },
  Subscription: { jobUpdated: 'read', studyUpdated: 'read' },
  Study: {
    ...all('read', 'id studyInstanceUid studyDate description modalities receivedAt status completeness series slices'),
    ...all(
      'read',
      'finding reports reviews jobs revision intake intakeReason lastInstanceAt failureCode conflictingInstances withheld',
    ),
    patient: identity,
    conflicts: identity,
    accessionNumber: identity,
  },
  PacsStudy: {
    ...all('classify', 'description modalities numberOfInstances numberOfSeries pacs study studyDate studyInstanceUid'),
    patient: identity,
    accessionNumber: identity,
  },
  Patient: identity,
  StudyConflict: identity,
  AttributeDifference: identity,
  Image: 'pixels',
  Pacs: 'operate',
  PacsHealth: 'operate',
  ...all(
    'classify',
    'PacsStudyConnection PacsStudyEdge ClassifyImagePayload ClassifySlicePayload ClassifyStudyPayload',
  ),
  ExplainPredictionPayload: 'classify',
  ActivateModelPayload: 'administer',
  ResolveConflictsPayload: 'operate',
  RetryJobPayload: 'operate',
  ReviewPredictionPayload: 'review',
  ReviewStudyPayload: 'review',
  Review: {
    ...all('read', 'id label reviewer answeredLabel answeredConfidence answerAbstained answeredAt createdAt current'),
    ...all('read', 'prediction study model'),
    comment: 'review', // free text, in which somebody may be named
  },
  ...all('read', 'AnswerMix Calibration CardMix ConfusionMatrix DayCount Drift Evaluation LabelMetrics LabelShare'),
  ...all('read', 'PredictiveValue ReliabilityBin Statistics'),
  ...all(
    'read',
    'CardLabel CardSeries CardSplit Completeness Explanation Faithfulness Interval Job JobConnection JobEdge',
  ),
  ...all(
    'read',
    'LabelCount LabelProbability Model ModelCard ModelComparison Node PageInfo Point Prediction PredictionConnection PredictionEdge Report Series Server Slice',
  ),
  ...all('read', 'SliceConnection SliceEdge StudyConnection StudyEdge StudyFinding'),
  ...all('read', 'ReasonParameter SeriesEligibility StudyIntake'),
};

function all(demand: Demand, names: string): Record<string, Demand> {
  return Object.fromEntries(names.split(' ').map((name) => [name, demand]));
}

/** The demand of a field of the schema; undefined if the table has none, so that nobody may ask for it. */
export function demandOf(type: string, field: string): Demand | undefined {
  const entry = Object.hasOwn(DEMANDS, type) ? DEMANDS[type] : undefined;
  if (entry === undefined || typeof entry === 'string' || isDemand(entry)) return entry;
  return Object.hasOwn(entry, field) ? entry[field] : undefined;
}

function isDemand(entry: object): entry is Exclude<Demand, string> {
  return 'without' in entry;
}
