import { ADVISORY_LOCKS } from '../process/advisoryLocks.js';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import type { DatabaseRole } from '../database/database.js';
import { ModelNotFound, ModelNotHere, ModelStateRefused, MrimasterError } from '../errors/errors.js';
import type { Model as ModelRow, ModelState, PrismaClient } from '../generated/prisma/client.js';
import { type Classifier, openClassifier } from '../inference/classifier.js';
import { chooseModel, type Manifest, type ModelFile, readModels } from '../inference/manifest.js';
import { registerModels } from './registerModels.js';

/** A model that is loaded, and its row. */
export type RunningModel = { model: ModelRow; classifier: Classifier };

/**
 * The models of MODELS_DIR. Which one answers and which run in its shadow stands in the database, so that all processes
 * agree; one that has been loaded stays so, for a roll-back takes no time then.
 */
export type Models = {
  readonly active: RunningModel;
  readonly shadows: readonly RunningModel[];
  /** Why this process cannot load the model that gives the answers by now; undefined where it can. */
  readonly lacking: string | undefined;
  /** Loaded, whatever it is used for; undefined where it is not. */
  running(id: string): RunningModel | undefined;
  /** Of any that is in MODELS_DIR, loaded or not. @throws ModelNotFound */
  manifestOf(model: Pick<ModelRow, 'name' | 'version'>): Manifest;
  /** Does as the database says by now. @throws ModelNotHere where this process cannot: another one may. */
  follow(): Promise<void>;
  /** From now on as the server does, whatever MODEL says: for workers, which share its settings. */
  followServer(): Promise<void>;
  /** @throws ModelNotFound, ModelStateRefused, and what loading it throws; everything is as before then. */
  setState(id: string, state: ModelState): Promise<{ model: ModelRow; previous: ModelRow }>;
  close(): Promise<void>;
};

/** Threads with a graph each: more than that is no comparison, it is a shortage of memory. */
const MOST_SHADOWS = 3;

/** @throws ModelInvalid, ModelNotFound, DeviceUnavailable */
export async function openModels(
  { inferenceDevice, model: wanted, modelsDir }: Pick<Config, 'inferenceDevice' | 'model' | 'modelsDir'>,
  prisma: PrismaClient,
  role: DatabaseRole,
  observe: (classifier: Classifier) => Classifier = (classifier) => classifier,
): Promise<Models> {
  let follows = false;
  let lacking: string | undefined;
  let onDisk = await readModels(modelsDir);
  await registerModels(prisma, onDisk);
  const loaded = new Map<string, RunningModel>();
  const fileOf = ({ name, version }: Pick<ModelRow, 'name' | 'version'>) =>
    onDisk.find(({ manifest }) => manifest.name === name && manifest.version === version);
  const hasCome = ({ name, version }: ModelRow) =>
    stat(join(modelsDir, name, version, 'manifest.json')).then(
      () => true,
      () => false,
    );
  const load = async (row: ModelRow): Promise<RunningModel> => {
    const known = loaded.get(row.id);
    if (!fileOf(row) && (await hasCome(row))) onDisk = await readModels(modelsDir);
    const file = fileOf(row);
    if (!file) throw notThere(row);
    if (file.manifest.sha256 !== row.sha256)
      throw new ModelNotFound(
        `${row.name} ${row.version} in MODELS_DIR is another file than the one that gives the answers. Put that one there, and start anew.`,
      );
    const classifier = known?.classifier ?? observe(await openClassifier(file, inferenceDevice));
    const model = known
      ? row
      : await prisma.model.update({ where: { id: row.id }, data: { layers: classifier.layers } });
    const running = { model, classifier };
    loaded.set(row.id, running);
    return running;
  };
  let active = await load(await chooseActive(prisma, onDisk, fileOf, wanted));
  let shadows: RunningModel[] = [];
  const close = async () => {
    for (const { classifier } of loaded.values()) await classifier.close();
  };
  const loadActive = async (row: ModelRow) => {
    try {
      const running = await load(row);
      lacking = undefined;
      return running;
    } catch (error) {
      if (!(error instanceof MrimasterError)) throw error;
      lacking = error.message;
      throw new ModelNotHere(error.message);
    }
  };
  const read = async () => {
    const rows = await prisma.model.findMany({ where: { state: { in: ['ACTIVE', 'SHADOW'] } } });
    const chosen = rows.find(({ state }) => state === 'ACTIVE');
    // A tool that was told its model works with that one, beside whatever the server does; a worker works for the server.
    if (chosen && (role === 'server' || follows || !wanted)) active = await loadActive(chosen);
    const beside = rows.filter(({ id, state }) => state === 'SHADOW' && id !== active.model.id);
    shadows = await Promise.all(beside.filter(fileOf).map(load));
  };
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time, each after what was asked before it. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.catch(() => {}).then(work);
    last = turn;
    return turn;
  };
  const follow = () => inTurn(read);
  try {
    if (role === 'server') await activate(prisma, active.model.id);
    await follow();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    get active() {
      return active;
    },
    get shadows() {
      return shadows;
    },
    get lacking() {
      return lacking;
    },
    running: (id) => loaded.get(id),
    manifestOf: (row) => {
      const file = fileOf(row);
      if (!file) throw notThere(row);
      return file.manifest;
    },
    follow,
    followServer: () => {
      follows = true;
      return follow();
    },
    setState: (id, state) => inTurn(() => setState(id, state)),
    close,
  };

  async function setState(id: string, state: ModelState) {
    const row = await prisma.model.findUnique({ where: { id } });
    if (!row) throw new ModelNotFound('There is no model of that id. Take one from models.');
    const previous = active.model;
    if (id === previous.id && state !== 'ACTIVE')
      throw new ModelStateRefused('This model gives the answers. Activate another one, and it is not any more.');
    if (state === 'SHADOW' && shadows.filter(({ model }) => model.id !== id).length >= MOST_SHADOWS)
      throw new ModelStateRefused(`${MOST_SHADOWS} models run as shadows, which is the most. End one of them first.`);
    if (state !== 'AVAILABLE') await load(row); // before anything is changed
    if (state === 'ACTIVE') await activate(prisma, id);
    else await prisma.model.update({ where: { id }, data: { state } });
    await read();
    const [model, before] = await Promise.all(
      [id, previous.id].map((one) => prisma.model.findUniqueOrThrow({ where: { id: one } })),
    );
    return { model: model as ModelRow, previous: before as ModelRow };
  }
}

function notThere({ name, version }: Pick<ModelRow, 'name' | 'version'>): ModelNotFound {
  return new ModelNotFound(`${name} ${version} is not in MODELS_DIR of this process. Put it there.`);
}

/** MODEL where it is set; else the one that was activated last, if it is still there; else our newest. */
async function chooseActive(
  prisma: PrismaClient,
  onDisk: readonly ModelFile[],
  fileOf: (row: ModelRow) => ModelFile | undefined,
  wanted: string | undefined,
): Promise<ModelRow> {
  const before = await prisma.model.findFirst({ where: { state: 'ACTIVE' } });
  if (!wanted && before && fileOf(before)) return before;
  const { name, version } = chooseModel(onDisk, wanted).manifest;
  return prisma.model.findUniqueOrThrow({ where: { name_version: { name, version } } });
}

async function activate(prisma: PrismaClient, id: string): Promise<void> {
  await prisma.$transaction([
    prisma.$executeRaw`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.models})`, // another process may be at it, too
    prisma.model.updateMany({ where: { state: 'ACTIVE', id: { not: id } }, data: { state: 'AVAILABLE' } }),
    prisma.model.update({ where: { id }, data: { state: 'ACTIVE' } }),
  ]);
}
