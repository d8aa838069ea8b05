import DataLoader from 'dataloader';
import { predictMissing } from '../classify/predictMissing.js';
import { withoutAddresses } from '../config/withoutAddresses.js';
import type { Context } from '../context.js';
import { kindOf } from '../database/kindOf.js';
import { ModelNotFound } from '../errors/errors.js';
import { type ExplainRequest, explainPredictions } from '../explain/explainPrediction.js';
import type {
  Explanation as ExplanationRow,
  Model as ModelRow,
  Prediction as PredictionRow,
} from '../generated/prisma/client.js';
import type { Access } from '../identity/audit.js';
import type { Caller, Right } from '../identity/caller.js';
import { createLoaders, type Loaders } from './loaders.js';

/** What every resolver is given: the parts of the running program, and what belongs to this request alone. */
export type Request = {
  context: Context;
  /** The request's id in its answer and in the log. */
  requestId: string;
  loaders: Loaders;
  /** Computes predictions that are not stored, all those of a query together. Null for one that may not be computed. */
  missingPrediction: DataLoader<readonly [modelId: string, sliceId: string], PredictionRow | null, string>;
  /** Computes explanations that are not stored, all those of a query together. */
  explanations: DataLoader<ExplainRequest, ExplanationRow[], string>;
  caller: Caller;
  /** The caller's IP address. */
  address: string;
  /** Entries that must be in the audit before the answer leaves, by action, study and object, so that each is there once. */
  accesses: Map<string, Access>;
  /** StudyInstanceUID of the study that a mutation changed, if its input does not hold it. */
  touched?: string;
  /** URL of a picture for this caller. `path`: with its query, from "/". */
  pictureUrl(path: string): string;
};

/** Opens a request, without `pictureUrl`, which depends on the address at which the caller reached the server. */
export function openRequest(
  context: Context,
  caller: Caller,
  address: string,
  requestId: string,
): Omit<Request, 'pictureUrl'> {
  const missingPrediction = loadMissing(context);
  const explanations = new DataLoader((requests: readonly ExplainRequest[]) => explainPredictions(context, requests), {
    cacheKeyFn: (request) => JSON.stringify(request),
  });
  return {
    context,
    loaders: createLoaders(context.prisma),
    missingPrediction,
    explanations,
    caller,
    address,
    requestId,
    accesses: new Map(),
  };
}

function loadMissing(context: Context): Request['missingPrediction'] {
  return new DataLoader(
    async (keys) => {
      const found = new Map<string, PredictionRow | Error | null>();
      for (const modelId of new Set(keys.map(([model]) => model))) {
        const ids = keys.filter(([model]) => model === modelId).map(([, slice]) => slice);
        const predictions = await predictMissing(context, modelId, ids);
        for (const [index, id] of ids.entries()) found.set(`${modelId} ${id}`, predictions[index] ?? null);
      }
      return keys.map(([model, slice]) => found.get(`${model} ${slice}`) ?? null);
    },
    { cacheKeyFn: (key) => key.join(' ') },
  );
}

/** Whether the caller of a request has a right. */
export function may({ caller }: Request, right: Right): boolean {
  return caller.rights.has(right);
}

/** The message of a failure for this caller: without the addresses of archives unless it has the right "operate". */
export function shownTo(request: Request, message: string): string {
  return may(request, 'operate') ? message : withoutAddresses(message, request.context.config);
}

/** Notes for the audit that the answer shows, or may show, whose study this is or what it looks like. */
export function noteAccess(
  { accesses, address, caller: { subject } }: Request,
  action: 'READ_IDENTITY' | 'READ_PIXELS',
  studyInstanceUid: string | null,
  object: string | null = null,
): void {
  const access: Access = { subject, action, studyInstanceUid, object, address, outcome: 'OK' };
  accesses.set(`${action} ${studyInstanceUid} ${object}`, access);
}

/** The model with an id; without one, the active model. @throws ModelNotFound if no model has the id. */
export async function findModel({ loaders, context }: Request, id: string | null | undefined): Promise<ModelRow> {
  if (!id) return context.models.active.model;
  const model = kindOf(id) === 'Model' ? await loaders.model.load(id) : undefined;
  if (model) return model;
  throw new ModelNotFound('`model` is not the id of a model. Take one from models.');
}

/** @throws ModelNotFound for any model but the active one, because no other classifies studies. */
export function requireActive({ context }: Request, id: string | null | undefined): void {
  if (!id || id === context.models.active.model.id) return;
  const { name, version } = context.models.active.model;
  throw new ModelNotFound(
    `${name} ${version} classifies studies (${context.models.active.model.id}). Activate another one first.`,
  );
}

/**
 * Chooses the row that is the answer, of the rows of several models: the active model's; if it has none yet, the latest of
 * a model that was active. A shadow's row is never the answer.
 * @param modelId the model whose row is wanted instead, a shadow's too.
 */
export function answerOf<Row extends { modelId: string; shadow: boolean; createdAt: Date }>(
  { context }: Request,
  rows: readonly Row[],
  modelId: string | null | undefined,
): Row | undefined {
  const rowOf = (id: string) => rows.find((row) => row.modelId === id);
  if (modelId) return rowOf(modelId);
  const latest = () =>
    rows.filter(({ shadow }) => !shadow).toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];
  return rowOf(context.models.active.model.id) ?? latest();
}
