import { Client, type ClientConfig } from 'pg';

/** A statement that has no answer for so long makes us ask whether the database still answers anybody. */
const SILENCE_MS = 4_000;
const ANSWER_MS = 4_000;

/**
 * Connections that notice a database that has fallen silent: its machine, or the way to it, is gone, and nothing closes
 * the connection. Where a statement waits for long, a new connection is tried; if that has no answer either, all that
 * waits on the old one fails. A slow statement goes on.
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

    // biome-ignore lint/suspicious/noExplicitAny: pg declares it seven times over; all of them end here
    override query(...given: any[]): any {
      this.waiting = true;
      // biome-ignore lint/suspicious/noExplicitAny: as above
      return (super.query as any)(...given);
    }

    /** A socket tells when it was still for a time, once, and again after it was used. */
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

/** Whether a new connection gets an answer, whatever it is: one that is refused is not silent. */
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
    // PostgreSQL's own codes have five characters: it speaks.
    return /^[0-9A-Z]{5}$/.test(String((error as NodeJS.ErrnoException).code));
  } finally {
    // Its farewell may find nobody, too.
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
