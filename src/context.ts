import { join } from 'node:path';
import type { Config } from './config.js';
import { type Database, type DatabaseRole, openDatabase } from './database.js';
import type { Model as ModelRow, PrismaClient } from './generated/prisma/client.js';
import { type Classifier, openClassifier } from './inference/classifier.js';
import { chooseModel, readModels } from './inference/manifest.js';
import type { Log } from './log.js';
import { type Archive, openArchive } from './pacs/archive.js';
import { createDecodePool, type DecodePool, FRAME_LIMITS } from './pacs/decodePool.js';
import { clearPartials } from './pacs/receive.js';
import { openQueue, type Queue } from './queue.js';
import { registerModels } from './registerModels.js';
import { createTransfers, type Transfers } from './transfers.js';

/** The parts of a running MRIMaster. Everything that needs one is handed this. */
export type Context = {
  config: Config;
  log: Log;
  database: Database;
  prisma: PrismaClient;
  queue: Queue;
  classifier: Classifier;
  /** The row of the model that `classifier` runs. */
  model: ModelRow;
  decoding: DecodePool;
  /** By name; the first is asked first. */
  archives: ReadonlyMap<string, Archive>;
  /** What is being sent to us at this moment. */
  transfers: Transfers;
  /** Where received bytes lie; Instance.path is relative to it. */
  receivedDir: string;
  close(): Promise<void>;
};

/** Composition root: plain calls, in order; closed in reverse, also when a later part does not open. */
export async function openContext(config: Config, role: DatabaseRole, log: Log): Promise<Context> {
  const opened: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const part of opened.splice(0).reverse()) await part();
  };
  try {
    const models = await readModels(config.modelsDir);
    const chosen = chooseModel(models, config.model);
    const receivedDir = join(config.dataDir, 'received');
    const database = await openDatabase(config, role, log);
    opened.push(database.close);
    if (role === 'server') await clearPartials(receivedDir);
    const classifier = await openClassifier(chosen, config.inferenceDevice);
    opened.push(classifier.close);
    const model = await registerModels(database.prisma, models, chosen, classifier.layers, role);
    const decoding = createDecodePool({ threads: config.decodeThreads, ...FRAME_LIMITS });
    opened.push(decoding.close);
    const queue = await openQueue(database.connection, log);
    opened.push(queue.close);
    const { prisma } = database;
    const archives = new Map(config.archives.map((one) => [one.name, openArchive(one, config.dicom.aeTitle)]));
    return {
      config,
      log,
      database,
      prisma,
      queue,
      classifier,
      model,
      decoding,
      archives,
      transfers: createTransfers(),
      receivedDir,
      close,
    };
  } catch (error) {
    await close().catch((failure) => log.error({ err: failure }, 'Closing after a failed start failed, too.'));
    throw error;
  }
}
