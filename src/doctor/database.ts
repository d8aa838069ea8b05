import { Client } from 'pg';
import type { Config } from '../config/config.js';
import { type CheckOutcome, failed } from './checkResult.js';
import { examineEmbedded } from './embeddedDatabase.js';
import { examineSchema } from './schema.js';

const TIMEOUT_MS = 6_000;

/** Examines whether the database can be used. It changes and migrates nothing. */
export function examineDatabase({ databaseUrl, dataDir }: Config): Promise<CheckOutcome> {
  return databaseUrl ? examineTheirs(databaseUrl) : examineEmbedded(dataDir);
}

async function examineTheirs(url: string): Promise<CheckOutcome> {
  if (!isDecodable(url))
    return failed(
      'DATABASE_URL_INVALID',
      'DATABASE_URL has a bare % in its user, password or name.',
      'Write % as %25 in DATABASE_URL.',
    );
  const client = new Client({
    connectionString: url,
    application_name: 'mrimaster:doctor',
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => {}); // the next query reports it
  try {
    await client.connect();
    await client.query('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY');
    return await examineSchema(client, describe(url));
  } catch (error) {
    return explain(error as NodeJS.ErrnoException, url);
  } finally {
    await client.end().catch(() => {});
  }
}

function isDecodable(url: string): boolean {
  try {
    const { username, password, pathname } = new URL(url);
    return decodeURIComponent(username + password + pathname) !== undefined;
  } catch {
    return false;
  }
}

/** "Database mri on db.example:5432", without user and password. */
function describe(url: string): string {
  return `Database ${decodeURIComponent(new URL(url).pathname.slice(1)) || 'of the user’s name'} on ${place(url)}`;
}

/** Where the database is. A parameter `host`, such as a socket's folder, wins over the host of the address. */
function place(url: string): string {
  const { hostname, port, searchParams } = new URL(url);
  return searchParams.get('host') ?? (hostname ? `${hostname}:${port || 5432}` : 'the socket');
}

/** Explains a failure to connect. Codes of five characters are PostgreSQL's (its manual, appendix A). */
function explain({ code = '', message }: NodeJS.ErrnoException, url: string): CheckOutcome {
  const { hostname, username } = new URL(url);
  const at = place(url);
  const user = decodeURIComponent(username) || 'the default user';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return failed(
      'DATABASE_DNS',
      `The name ${hostname} is not known here (${code}).`,
      'Correct the host in DATABASE_URL, or ask for it to be entered in DNS.',
    );
  if (code === 'ECONNREFUSED' || code === 'ENOENT')
    return failed(
      'DATABASE_REFUSED',
      `Nothing listens at ${at} (${code}).`,
      'Start PostgreSQL there, or correct host and port in DATABASE_URL; PostgreSQL’s listen_addresses decides for whom it listens.',
    );
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || /timeout/i.test(message))
    return failed(
      'DATABASE_SILENT',
      `No answer from ${at}.`,
      'Check host and port in DATABASE_URL, and that no firewall is between.',
    );
  if (code === '28P01' || message.startsWith('SASL'))
    return failed(
      'DATABASE_PASSWORD',
      `PostgreSQL at ${at} rejects the password of ${user}.`,
      'Correct user and password in DATABASE_URL; write %, @, : and / in them as %25, %40, %3A and %2F.',
    );
  if (code.startsWith('28'))
    return failed(
      'DATABASE_ACCESS',
      `PostgreSQL at ${at} does not let ${user} in from here (${code}).`,
      'Allow this machine, user and database in its pg_hba.conf, or correct DATABASE_URL; add ?sslmode=require where it wants TLS.',
    );
  if (code === '3D000')
    return failed(
      'DATABASE_MISSING',
      `${describe(url)} does not exist.`,
      'Create it with CREATE DATABASE, or correct the name at the end of DATABASE_URL.',
    );
  if (code === '42501')
    return failed(
      'DATABASE_RIGHTS',
      `${describe(url)}: ${user} may not read what MRIMaster needs.`,
      `Make ${user} the owner: ALTER DATABASE … OWNER TO …, or correct the user in DATABASE_URL.`,
    );
  return failed(
    'DATABASE_NOT_USABLE',
    `${describe(url)} cannot be used (${code || 'no code'}).`,
    'Look at PostgreSQL’s log, and check DATABASE_URL.',
  );
}
