import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Database } from '../database/database.js';
import type { Log } from '../output/log.js';
import type { Change } from './changes.js';

/** Named by the triggers of the migration tell_of_changes. */
const CHANNEL = 'mrimaster';
const RECONNECT_MS = 500;
/** Whoever only listens does not notice that nobody speaks any more: it asks now and then. */
const ASK_MS = 10_000;

export type Heard = {
  onChange(change: Change): void;
  /** The connection was lost and is there again: what changed meanwhile is not known. */
  onGap(): void;
};

/**
 * Hears of what any process changes in the database, this one included, over one connection of its own, which is opened
 * again when it breaks. A change is heard of when it is committed.
 * @throws what the database throws when the first connection fails.
 */
export async function listenForChanges(
  { Client, ...connection }: Database['connection'],
  { onChange, onGap }: Heard,
  log: Log,
): Promise<{ close(): Promise<void> }> {
  const stopping = new AbortController();
  let reconnecting = Promise.resolve();
  const connect = async (): Promise<Client> => {
    const fresh = new Client({ ...connection, application_name: 'mrimaster:listen' });
    fresh.on('error', () => {}); // its end follows
    fresh.on('notification', ({ payload }) => {
      const change = readChange(payload ?? '');
      if (change) onChange(change);
    });
    try {
      await fresh.connect();
      await fresh.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      await fresh.end().catch(() => {});
      throw error;
    }
    const asking = setInterval(() => void fresh.query('SELECT 1').catch(() => {}), ASK_MS);
    fresh.once('end', () => {
      clearInterval(asking);
      if (!stopping.signal.aborted) reconnecting = reconnect();
    });
    return fresh;
  };
  const reconnect = async () => {
    log.warn('The connection that hears of changes broke; opening it again.');
    while (!stopping.signal.aborted) {
      await sleep(RECONNECT_MS, undefined, { signal: stopping.signal }).catch(() => {});
      const fresh = await connect().catch(() => undefined); // the database is down, perhaps for a while
      if (!fresh) continue;
      client = fresh;
      return onGap();
    }
  };
  let client = await connect();
  return {
    close: async () => {
      stopping.abort();
      await reconnecting;
      await client.end().catch(() => {});
    },
  };
}

function readChange(payload: string): Change | undefined {
  const [kind, id, studyInstanceUid] = payload.split(' ');
  if (kind === 'STUDY' && id && studyInstanceUid) return { kind, id, studyInstanceUid };
  if (kind === 'JOB' && id) return { kind, id };
  return undefined; // of a newer version
}
