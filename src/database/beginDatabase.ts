import { readConfig } from '../config/config.js';
import { EmbeddedPostgres } from './embeddedPostgres.js';

/**
 * Starts the embedded database, and creates it where there is none, while the rest of the program is still being
 * loaded. Each takes a second, on a core of its own. A failure is left to `openDatabase`, which reports it.
 */
export async function beginDatabase(signal: AbortSignal): Promise<void> {
  try {
    const { dataDir, databaseUrl } = readConfig();
    if (databaseUrl) return;
    const client = await new EmbeddedPostgres(dataDir).connect(`mrimaster:early:${process.pid}`, signal);
    await client.end();
  } catch {}
}
