import { join } from 'node:path';
import type { Config } from './config/config.js';
import type { Context } from './context.js';
import { openDatabase } from './database/database.js';
import { type DatabaseRole } from './database/embeddedPresence.js';
import { closeToOthers, startPrivate } from './dataDir/keepPrivate.js';
import { clearOutgoing } from './dataDir/outgoing.js';
import { openAudit } from './identity/audit.js';
import { keepAuditHeads } from './identity/auditHeads.js';
import type { Classifier } from './inference/classifier.js';
import { openModels } from './models/models.js';
import { openOffload } from './offload/offload.js';
import type { Log } from './output/log.js';
import { type Archive, openArchive } from './pacs/archive.js';
import { createDecodePool, FRAME_LIMITS } from './pacs/pixels/decodePool.js';
import { clearPartials } from './pacs/receive.js';
import { createTransfers } from './pacs/transfers.js';
import { openQueue } from './queue/queue.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';
import { observeArchive } from './telemetry/observeArchive.js';
import { observeClassifier } from './telemetry/observeClassifier.js';
import { observeDecoding } from './telemetry/observeDecoding.js';
import { addQueueGauges } from './telemetry/queueGauges.js';
import { createReadiness } from './telemetry/readiness.js';
import { NO_TRACING, type Tracing } from './telemetry/tracing.js';

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
  const opened: Closable[] = [];
  const close = async () => {
    for (const part of opened.splice(0).reverse()) await part.close();
  };
  const keep = <Part extends Closable>(part: Part): Part => {
    opened.push(part);
    return part;
  };
  try {
    const tracing = keep(config.tracing ? (await import('./telemetry/openTelemetry.js')).openTracing(log) : NO_TRACING);
    const receivedDir = join(config.dataDir, 'received');
    await startPrivate(config.dataDir);
    if (role === 'server') keep(await closeToOthers(config.dataDir, log));
    const database = keep(await openDatabase(config, role, log, signal));
    const { prisma } = database;
    if (role === 'server') await clearPartials(receivedDir);
    await clearOutgoing(config.dataDir);
    const heads = role === 'server' ? keep(await keepAuditHeads(prisma, config.dataDir, log)) : undefined;
    const metrics = createMetrics();
    addQueueGauges(metrics.registry, prisma);
    const observe = (classifier: Classifier) => observeClassifier(classifier, metrics, tracing);
    const models = keep(await openModels(config, prisma, role, observe));
    const pool = createDecodePool({ threads: config.decodeThreads, ...FRAME_LIMITS });
    return {
      config,
      log,
      metrics,
      tracing,
      database,
      prisma,
      models,
      decoding: keep(observeDecoding(pool, metrics, tracing)),
      offload: keep(openOffload()),
      queue: keep(await openQueue(database.connection, log)),
      readiness: createReadiness(prisma, models, receivedDir),
      archives: openArchives(config, metrics, tracing),
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

/** A part that must be closed. */
type Closable = { close(): Promise<unknown> };

/** The archives of the settings, by name; what they are asked is timed. Nothing is connected yet. */
function openArchives({ archives, dicom }: Config, metrics: Metrics, tracing: Tracing): Map<string, Archive> {
  return new Map(
    archives.map((settings) => [settings.name, observeArchive(openArchive(settings, dicom.aeTitle), metrics, tracing)]),
  );
}
