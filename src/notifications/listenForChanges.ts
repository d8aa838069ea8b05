import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Database } from '../database/database.js';
import type { Log } from '../output/log.js';
import type { Change } from './changes.js';

/** PostgreSQL's channel, which the triggers of the migration tell_of_changes notify. */
const CHANNEL = 'mrimaster';
const RECONNECT_MS = 500;
/** How often the connection is checked: one that only listens would not notice that it is dead. */
const ASK_MS = 10_000;

/** Callbacks of the listener. */
export type ChangeHandlers = {
  onChange(change: Change): void;
  /** The connection broke and works again. Changes between were missed. */
  onGap(): void;
};

/**
 * Listens for the changes that any process commits to the database, this one included, over a connection of its own. It
 * opens that again when it breaks.
 * @throws the database's error when the first connection fails.
 */
export async function listenForChanges(
  { Client, ...connection }: Database['connection'],
  { onChange, onGap }: ChangeHandlers,
  log: Log,
): Promise<{ close(): Promise<void> }> {
  const stopping = new AbortController();
  let reconnecting = Promise.resolve();
  const connect = async (): Promise<Client> => {
    const fresh = new Client({ ...connection, application_name: 'mrimaster:listen' });
    fresh.on('error', () => {}); // 'end' follows
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
    log.warn('The connection that listens for changes broke; opening it again.');
    while (!stopping.signal.aborted) {
      await sleep(RECONNECT_MS, undefined, { signal: stopping.signal }).catch(() => {});
      const fresh = await connect().catch(() => undefined); // the database may be down for a while
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
  return undefined; // from a newer version
}
