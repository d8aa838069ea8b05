import { join } from 'node:path';
import type { Config } from './config/config.js';
import { type Database, type DatabaseRole, openDatabase } from './database/database.js';
import { closeToOthers, startPrivate } from './dataDir/keepPrivate.js';
import { clearOutgoing } from './dataDir/outgoing.js';
import type { Model as ModelRow, PrismaClient } from './generated/prisma/client.js';
import { type Audit, openAudit } from './identity/audit.js';
import { keepAuditHeads } from './identity/auditHeads.js';
import type { Classifier } from './inference/classifier.js';
import { type Models, openModels } from './models/models.js';
import { type Apart, openApart } from './offload/offload.js';
import type { Log } from './output/log.js';
import { type Archive, type ArchiveSettings, openArchive } from './pacs/archive.js';
import { createDecodePool, type DecodePool, FRAME_LIMITS } from './pacs/pixels/decodePool.js';
import { clearPartials } from './pacs/receive.js';
import { createTransfers, type Transfers } from './pacs/transfers.js';
import { openQueue, type Queue } from './queue/queue.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';
import { observeArchive } from './telemetry/observeArchive.js';
import { observeClassifier } from './telemetry/observeClassifier.js';
import { observeDecoding } from './telemetry/observeDecoding.js';
import { addQueueGauges } from './telemetry/queueGauges.js';
import { createReadiness, type Readiness } from './telemetry/readiness.js';
import { NO_TRACING, type Tracing } from './telemetry/tracing.js';

/** The parts of a running MRIMaster. Everything that needs one is handed this. */
export type Context = {
  config: Config;
  log: Log;
  metrics: Metrics;
  tracing: Tracing;
  database: Database;
  prisma: PrismaClient;
  queue: Queue;
  models: Models;
  /** Of the active model, which may change at any time: a story that takes its time pins it, see classifyStudy.ts. */
  readonly classifier: Classifier;
  /** Its row. */
  readonly model: ModelRow;
  decoding: DecodePool;
  /** For what would hold up callers. */
  apart: Apart;
  /** Whether this process can work. */
  readiness: Readiness;
  /** By name; the first is asked first. */
  archives: ReadonlyMap<string, Archive>;
  /** Who saw whom, and who did what. */
  audit: Audit;
  /** What is being sent to us at this moment. */
  transfers: Transfers;
  /** Where received bytes lie; Instance.path is relative to it. */
  receivedDir: string;
  close(): Promise<void>;
};

/** Composition root: plain calls, in order; closed in reverse, also when a later part does not open. */
export async function openContext(
  config: Config,
  role: DatabaseRole,
  log: Log,
  signal?: AbortSignal,
): Promise<Context> {
  const opened: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const part of opened.splice(0).reverse()) await part();
  };
  try {
    const tracing = config.tracing ? (await import('./telemetry/openTelemetry.js')).openTracing(log) : NO_TRACING;
    opened.push(tracing.close);
    const receivedDir = join(config.dataDir, 'received');
    await startPrivate(config.dataDir);
    if (role === 'server') opened.push((await closeToOthers(config.dataDir, log)).close);
    const database = await openDatabase(config, role, log, signal);
    opened.push(database.close);
    if (role === 'server') await clearPartials(receivedDir);
    await clearOutgoing(config.dataDir);
    const heads = role === 'server' ? await keepAuditHeads(database.prisma, config.dataDir, log) : undefined;
    if (heads) opened.push(heads.close);
    const metrics = createMetrics();
    addQueueGauges(metrics.registry, database.prisma);
    const observe = (classifier: Classifier) => observeClassifier(classifier, metrics, tracing);
    const models = await openModels(config, database.prisma, role, observe);
    opened.push(models.close);
    const pool = createDecodePool({ threads: config.decodeThreads, ...FRAME_LIMITS });
    const decoding = observeDecoding(pool, metrics, tracing);
    opened.push(decoding.close);
    const apart = openApart();
    opened.push(apart.close);
    const queue = await openQueue(database.connection, log);
    opened.push(queue.close);
    const { prisma } = database;
    const open = (one: ArchiveSettings) => observeArchive(openArchive(one, config.dicom.aeTitle), metrics, tracing);
    const archives = new Map(config.archives.map((one) => [one.name, open(one)]));
    return {
      config,
      log,
      metrics,
      tracing,
      database,
      prisma,
      queue,
      models,
      get classifier() {
        return models.active.classifier;
      },
      get model() {
        return models.active.model;
      },
      decoding,
      apart,
      readiness: createReadiness(prisma, models, receivedDir),
      archives,
      audit: openAudit(prisma, heads?.note),
      transfers: createTransfers(),
      receivedDir,
      close,
    };
  } catch (error) {
    await close().catch((failure) => log.error({ err: failure }, 'Closing after a failed start failed, too.'));
    throw error;
  }
}
