import type { Config } from './config/config.js';
import type { Database } from './database/database.js';
import type { PrismaClient } from './generated/prisma/client.js';
import type { Audit } from './identity/audit.js';
import type { Models } from './models/models.js';
import type { Offload } from './offload/offload.js';
import type { Log } from './output/log.js';
import type { Archive } from './pacs/archive.js';
import type { DecodePool } from './pacs/pixels/decodePool.js';
import type { DurableFolders } from './pacs/receive.js';
import type { Transfers } from './pacs/transfers.js';
import type { Queue } from './queue/queue.js';
import type { Metrics } from './telemetry/metrics.js';
import type { Readiness } from './telemetry/readiness.js';
import type { Tracing } from './telemetry/tracing.js';

/** What this process remembers to save work. Nothing is lost with it. */
export type Caches = {
  durableFolders: DurableFolders;
  /** Ids of series that this process recorded, by all that an object says of its study and series. */
  recordedSeries: Map<string, string>;
  /** Series that queries have read at this moment, by model and series; each gives the number of slices read. */
  seriesBeingRead: Map<string, Promise<number>>;
};

/**
 * The parts of a running MRIMaster. Which model answers may change at any time (`models.active`), so a story that takes
 * its time takes the model once, at its beginning, and passes it on.
 */
export type Context = {
  config: Config;
  log: Log;
  metrics: Metrics;
  tracing: Tracing;
  database: Database;
  prisma: PrismaClient;
  queue: Queue;
  models: Models;
  decoding: DecodePool;
  /** Does what would hold up callers. */
  offload: Offload;
  /** Whether this process can work. */
  readiness: Readiness;
  /** Archives by name; the first one is asked first. */
  archives: ReadonlyMap<string, Archive>;
  /** Who saw whom, and who did what. */
  audit: Audit;
  /** What peers are sending to us at this moment. */
  transfers: Transfers;
  /** Folder of received files; Instance.path is relative to it. */
  receivedDir: string;
  caches: Caches;
  close(): Promise<void>;
};
