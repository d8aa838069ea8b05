import { Client, type ClientConfig } from 'pg';

/** After a statement has had no response for so long, we check whether the database still responds at all. */
const SILENCE_MS = 4_000;
const ANSWER_MS = 4_000;

/**
 * Clients that notice when the database has fallen silent: its machine or the network is gone, and nothing closes the
 * connection. When a statement waits long, the client tries a new connection. If that has no response either,
 * everything that waits on the old one fails. A statement that is only slow goes on.
 */
export function watchfulClients(connection: ClientConfig): typeof Client {
  let asking: Promise<boolean> | undefined;
  const answers = () => {
    asking ??= databaseAnswers(connection).finally(() => {
      asking = undefined;
    });
    return asking;
  };
  return class WatchfulClient extends Client {
    private waiting = false;

    constructor(config?: string | ClientConfig) {
      super(config);
      this.on('drain', () => {
        this.waiting = false;
      });
      this.once('connect', () => this.watch());
    }

    // biome-ignore lint/suspicious/noExplicitAny: pg declares seven overloads; this implements all of them
    override query(...given: any[]): any {
      this.waiting = true;
      // biome-ignore lint/suspicious/noExplicitAny: as above
      return (super.query as any)(...given);
    }

    /** A socket emits 'timeout' once when it was quiet for that time, and again after it was used. */
    private watch(): void {
      const { stream } = (this as unknown as { connection: { stream: import('node:net').Socket } }).connection;
      stream.setTimeout(SILENCE_MS);
      stream.on('timeout', async () => {
        if (!this.waiting) return;
        if (await answers()) return void stream.setTimeout(SILENCE_MS);
        if (this.waiting) stream.destroy(silent());
      });
    }
  };
}

/** Whether a new connection gets any response. A refusal is one. */
async function databaseAnswers(connection: ClientConfig): Promise<boolean> {
  const probe = new Client({
    ...connection,
    application_name: 'mrimaster:probe',
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
  });
  probe.on('error', () => {});
  try {
    await probe.connect();
    await probe.query('SELECT 1');
    return true;
  } catch (error) {
    // PostgreSQL's own codes have five characters: it has responded.
    return /^[0-9A-Z]{5}$/.test(String((error as NodeJS.ErrnoException).code));
  } finally {
    // Ending it may fail, too.
    (probe as unknown as { connection: { stream: import('node:net').Socket } }).connection.stream.destroy();
  }
}

function silent(): Error {
  return Object.assign(new Error('The database has fallen silent.'), {
    code: 'ETIMEDOUT',
    errno: -110,
    syscall: 'read',
  });
}
