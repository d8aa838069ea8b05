import { join } from 'node:path';
import type { Config } from './config/config.js';
import type { Context } from './context.js';
import { type DatabaseRole, openDatabase } from './database/database.js';
import { closeToOthers, startPrivate } from './dataDir/keepPrivate.js';
import { clearOutgoing } from './dataDir/outgoing.js';
import { openAudit } from './identity/audit.js';
import { keepAuditHeads } from './identity/auditHeads.js';
import type { Classifier } from './inference/classifier.js';
import { openModels } from './models/models.js';
import { openOffload } from './offload/offload.js';
import type { Log } from './output/log.js';
import { type ArchiveSettings, openArchive } from './pacs/archive.js';
import { createDecodePool, FRAME_LIMITS } from './pacs/pixels/decodePool.js';
import { clearPartials } from './pacs/receive.js';
import { createTransfers } from './pacs/transfers.js';
import { openQueue } from './queue/queue.js';
import { createMetrics } from './telemetry/metrics.js';
import { observeArchive } from './telemetry/observeArchive.js';
import { observeClassifier } from './telemetry/observeClassifier.js';
import { observeDecoding } from './telemetry/observeDecoding.js';
import { addQueueGauges } from './telemetry/queueGauges.js';
import { createReadiness } from './telemetry/readiness.js';
import { NO_TRACING } from './telemetry/tracing.js';

/**
 * Opens the parts of a running MRIMaster, in order. They are closed in reverse, also where a later part does not open.
 * @param signal when aborted, stops waiting for a database that is not there yet.
 */
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
    opened.push(() => models.close());
    const pool = createDecodePool({ threads: config.decodeThreads, ...FRAME_LIMITS });
    const decoding = observeDecoding(pool, metrics, tracing);
    opened.push(decoding.close);
    const offload = openOffload();
    opened.push(offload.close);
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
      decoding,
      offload,
      readiness: createReadiness(prisma, models, receivedDir),
      archives,
      audit: openAudit(prisma, heads?.note),
      transfers: createTransfers(),
      receivedDir,
      caches: { durableFolders: new Map(), recordedSeries: new Map(), seriesBeingRead: new Map() },
      close,
    };
  } catch (error) {
    await close().catch((failure) => log.error({ err: failure }, 'Closing after a failed start failed, too.'));
    throw error;
  }
}
