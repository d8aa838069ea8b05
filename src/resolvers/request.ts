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

/** What every resolver is handed: the parts of the running program, and what belongs to this request alone. */
export type Request = {
  context: Context;
  /** What this request is called in its answer and in the log. */
  requestId: string;
  loaders: Loaders;
  /** Computed when it is asked for, all of a query together. By model, then slice. */
  missingPrediction: DataLoader<readonly [modelId: string, sliceId: string], PredictionRow | null, string>;
  /** The same of explanations. */
  explanations: DataLoader<ExplainRequest, ExplanationRow[], string>;
  caller: Caller;
  /** From where, as an IP address. */
  address: string;
  /** What is to be in the audit before the answer leaves; by what it says, so that each is there once. */
  accesses: Map<string, Access>;
  /** The study that a mutation was about, where its input does not say. */
  touched?: string;
  /** The address of a picture, for this caller. `path`: with its query, from "/". */
  pictureUrl(path: string): string;
};

/** All of it but where pictures are: that depends on how the caller reached us. */
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

export function may({ caller }: Request, right: Right): boolean {
  return caller.rights.has(right);
}

/** A failure's message as this caller may read it: addresses of archives are for those who may operate. */
export function shownTo(request: Request, message: string): string {
  return may(request, 'operate') ? message : withoutAddresses(message, request.context.config);
}

/** The answer shows, or may show, whose study this is, or what it looks like. */
export function noteAccess(
  { accesses, address, caller: { subject } }: Request,
  action: 'READ_IDENTITY' | 'READ_PIXELS',
  studyInstanceUid: string | null,
  object: string | null = null,
): void {
  const access: Access = { subject, action, studyInstanceUid, object, address, outcome: 'OK' };
  accesses.set(`${action} ${studyInstanceUid} ${object}`, access);
}

/** The active model, or any that made predictions here before. @throws ModelNotFound */
export async function findModel({ loaders, context }: Request, id: string | null | undefined): Promise<ModelRow> {
  if (!id) return context.models.active.model;
  const model = kindOf(id) === 'Model' ? await loaders.model.load(id) : undefined;
  if (model) return model;
  throw new ModelNotFound('`model` is the id of no model. Take one from models.');
}

/** @throws ModelNotFound unless it is the active one: studies are classified by no other. */
export function requireActive({ context }: Request, id: string | null | undefined): void {
  if (!id || id === context.models.active.model.id) return;
  const { name, version } = context.models.active.model;
  throw new ModelNotFound(
    `${name} ${version} classifies studies (${context.models.active.model.id}). Activate another one first.`,
  );
}

/**
 * Of what several models said, what is the answer: what the active one says; where it has said nothing yet, the latest that
 * was the answer once. A shadow's is none. With `wanted`: that model's, whatever it is.
 */
export function answerOf<Row extends { modelId: string; shadow: boolean; createdAt: Date }>(
  { context }: Request,
  rows: readonly Row[],
  wanted: string | null | undefined,
): Row | undefined {
  const of = (id: string) => rows.find(({ modelId }) => modelId === id);
  if (wanted) return of(wanted);
  const before = () =>
    rows.filter(({ shadow }) => !shadow).toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];
  return of(context.models.active.model.id) ?? before();
}
