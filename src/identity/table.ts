import type { Right } from './caller.js';

/**
 * MASKED: null without the right, where a list of studies is to be the same query for everybody; all other fields refuse
 * the operation.
 */
export type Demand = Right | { right: Right; without: 'MASKED' };

const identity: Demand = { right: 'identity', without: 'MASKED' };

/**
 * What each field needs: by field for the roots and where the fields of a type differ, else by type. What is not here is
 * refused to everybody; a test holds this against the schema.
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

/** Undefined for what the table does not know. */
export function demandOf(type: string, field: string): Demand | undefined {
  const entry = Object.hasOwn(DEMANDS, type) ? DEMANDS[type] : undefined;
  if (entry === undefined || typeof entry === 'string' || isDemand(entry)) return entry;
  return Object.hasOwn(entry, field) ? entry[field] : undefined;
}

function isDemand(entry: object): entry is Exclude<Demand, string> {
  return 'without' in entry;
}
