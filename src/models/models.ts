import { ADVISORY_LOCKS } from '../process/advisoryLocks.js';
import type { Config } from '../config/config.js';
import type { DatabaseRole } from '../database/embeddedPresence.js';
import { ModelNotFound, ModelNotHere, ModelStateRefused, MrimasterError } from '../errors/errors.js';
import type { Model as ModelRow, ModelState, PrismaClient } from '../generated/prisma/client.js';
import type { Classifier } from '../inference/classifier.js';
import { chooseModel, type Manifest } from '../inference/manifest.js';
import { ModelLoader, type RunningModel } from './modelLoader.js';
import { ModelsFolder } from './modelsFolder.js';
import { registerModels } from './registerModels.js';

/**
 * The models of MODELS_DIR. The database says which one answers and which run as shadows, so that all processes agree.
 * A model that was loaded stays loaded, so that going back to it takes no time.
 */
export type Models = {
  readonly active: RunningModel;
  readonly shadows: readonly RunningModel[];
  /** Why this process cannot load the model that is active by now; undefined where it can. */
  readonly lacking: string | undefined;
  /** The loaded model of this id, whatever it is used for; undefined where it is not loaded. */
  running(id: string): RunningModel | undefined;
  /** The manifest of a model in MODELS_DIR, loaded or not. @throws ModelNotFound */
  manifestOf(model: Pick<ModelRow, 'name' | 'version'>): Manifest;
  /** Loads what the database says by now. @throws ModelNotHere where this process cannot: another one may. */
  follow(): Promise<void>;
  /** From now on follows the server, whatever MODEL says: for workers, which share its settings. */
  followServer(): Promise<void>;
  /** @throws ModelNotFound, ModelStateRefused, and what loading the model throws; nothing is changed then. */
  setState(id: string, state: ModelState): Promise<{ model: ModelRow; previous: ModelRow }>;
  close(): Promise<void>;
};

/** Most shadows. Each is a thread with a graph of its own, and takes memory. */
const MOST_SHADOWS = 3;

/**
 * Opens the models: loads the one that answers and those that run as shadows.
 * @param observe wraps each classifier, as for metrics.
 * @throws ModelInvalid, ModelNotFound, DeviceUnavailable
 */
export async function openModels(
  settings: Settings,
  prisma: PrismaClient,
  role: DatabaseRole,
  observe: (classifier: Classifier) => Classifier = (classifier) => classifier,
): Promise<Models> {
  const folder = await ModelsFolder.open(settings.modelsDir);
  await registerModels(prisma, folder.models);
  const loader = new ModelLoader(prisma, folder, settings.inferenceDevice, observe);
  const row = await chooseActive(prisma, folder, settings.model);
  const active = await loader.load(row);
  const models = new OpenModels(prisma, { folder, loader, active, role, wanted: settings.model });
  try {
    if (role === 'server') await activate(prisma, row.id);
    await models.follow();
  } catch (error) {
    await models.close();
    throw error;
  }
  return models;
}

type Settings = Pick<Config, 'inferenceDevice' | 'model' | 'modelsDir'>;

/**
 * Which models this process runs, and for what. Changes are made one at a time, each after those asked for before it.
 */
class OpenModels implements Models {
  active: RunningModel;
  shadows: RunningModel[] = [];
  lacking: string | undefined;
  private followsServer = false;
  private last: Promise<unknown> = Promise.resolve();
  private readonly folder: ModelsFolder;
  private readonly loader: ModelLoader;
  private readonly role: DatabaseRole;
  private readonly wanted: string | undefined;

  constructor(
    private readonly prisma: PrismaClient,
    opened: {
      folder: ModelsFolder;
      loader: ModelLoader;
      active: RunningModel;
      role: DatabaseRole;
      wanted: string | undefined;
    },
  ) {
    this.folder = opened.folder;
    this.loader = opened.loader;
    this.active = opened.active;
    this.role = opened.role;
    this.wanted = opened.wanted;
  }

  running(id: string): RunningModel | undefined {
    return this.loader.loaded.get(id);
  }

  manifestOf(row: Pick<ModelRow, 'name' | 'version'>): Manifest {
    return this.folder.require(row).manifest;
  }

  follow(): Promise<void> {
    return this.inTurn(() => this.readStates());
  }

  followServer(): Promise<void> {
    this.followsServer = true;
    return this.follow();
  }

  setState(id: string, state: ModelState): Promise<{ model: ModelRow; previous: ModelRow }> {
    return this.inTurn(() => this.changeState(id, state));
  }

  close(): Promise<void> {
    return this.loader.close();
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.catch(() => {}).then(work);
    this.last = turn;
    return turn;
  }

  /** Loads what the database says by now. */
  private async readStates(): Promise<void> {
    const rows = await this.prisma.model.findMany({ where: { state: { in: ['ACTIVE', 'SHADOW'] } } });
    const chosen = rows.find(({ state }) => state === 'ACTIVE');
    // A tool that was told its model works with that one, beside whatever the server does; a worker works for the
    // server.
    const follows = this.role === 'server' || this.followsServer || !this.wanted;
    if (chosen && follows) this.active = await this.loadActive(chosen);
    const shadows = rows.filter(({ id, state }) => state === 'SHADOW' && id !== this.active.model.id);
    const here = shadows.filter((row) => this.folder.find(row));
    this.shadows = await Promise.all(here.map((row) => this.loader.load(row)));
  }

  /** @throws ModelNotHere where this process cannot load it: another one may. */
  private async loadActive(row: ModelRow): Promise<RunningModel> {
    try {
      const running = await this.loader.load(row);
      this.lacking = undefined;
      return running;
    } catch (error) {
      if (!(error instanceof MrimasterError)) throw error;
      this.lacking = error.message;
      throw new ModelNotHere(error.message);
    }
  }

  private async changeState(id: string, state: ModelState): Promise<{ model: ModelRow; previous: ModelRow }> {
    const { prisma } = this;
    const row = await prisma.model.findUnique({ where: { id } });
    if (!row) throw new ModelNotFound('There is no model of that id. Take one from models.');
    const previous = this.active.model;
    if (id === previous.id && state !== 'ACTIVE')
      throw new ModelStateRefused('This model gives the answers. Activate another one, and it is not any more.');
    if (state === 'SHADOW' && this.shadows.filter(({ model }) => model.id !== id).length >= MOST_SHADOWS)
      throw new ModelStateRefused(`${MOST_SHADOWS} models run as shadows, which is the most. End one of them first.`);
    if (state !== 'AVAILABLE') await this.loader.load(row); // before anything is changed
    if (state === 'ACTIVE') await activate(prisma, id);
    else await prisma.model.update({ where: { id }, data: { state } });
    await this.readStates();
    const find = (modelId: string) => prisma.model.findUniqueOrThrow({ where: { id: modelId } });
    return { model: await find(id), previous: await find(previous.id) };
  }
}

/** MODEL where it is set; else the one that was activated last, if it is still there; else our newest. */
async function chooseActive(
  prisma: PrismaClient,
  folder: ModelsFolder,
  wanted: string | undefined,
): Promise<ModelRow> {
  const before = await prisma.model.findFirst({ where: { state: 'ACTIVE' } });
  if (!wanted && before && folder.find(before)) return before;
  const { name, version } = chooseModel(folder.models, wanted).manifest;
  return prisma.model.findUniqueOrThrow({ where: { name_version: { name, version } } });
}

async function activate(prisma: PrismaClient, id: string): Promise<void> {
  await prisma.$transaction([
    prisma.$executeRaw`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.models})`, // another process may be at it, too
    prisma.model.updateMany({ where: { state: 'ACTIVE', id: { not: id } }, data: { state: 'AVAILABLE' } }),
    prisma.model.update({ where: { id }, data: { state: 'ACTIVE' } }),
  ]);
}
