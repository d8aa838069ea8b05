import { readFile, stat } from 'node:fs/promises';
import { DatabaseNotUsable } from '../errors/errors.js';

/** PostgreSQL's messages, in English as it runs with LC_ALL=C, and what to do about each. */
const CURES: [RegExp, string][] = [
  [/No space left on device/, 'Its disk is full: free some space.'],
  [/has (wrong ownership|invalid permissions)/, 'Give the folder back to the account that made it, with mode 0700.'],
  [
    /could not (create|map).*shared memory|could not create semaphores/,
    'The system gives it too little shared memory.',
  ],
  [
    /PANIC|required WAL|could not (open|read|find|locate|access)|not a valid data directory|checksum|incompatible|invalid (data|record)/,
    'It is damaged: restore a backup of DATA_DIR. Without one, move this folder away: the next start makes an empty database, and `mrimaster import` reads what DATA_DIR/received holds.',
  ],
];
const LINES = 5;

/** Length of the log in bytes before a start: what comes before it is about earlier starts. */
export async function endOf(logFile: string): Promise<number> {
  return (await stat(logFile).catch(() => ({ size: 0 }))).size;
}

/** Explains why the server of `cluster` ended when it was started, by its log from byte `since` on. */
export async function startFailure(cluster: string, logFile: string, since: number): Promise<DatabaseNotUsable> {
  const log = (await readFile(logFile).catch(() => Buffer.alloc(0))).subarray(since).toString('utf8');
  const cure = CURES.find(([pattern]) => pattern.test(log))?.[1];
  const end = log.trimEnd().split('\n').slice(-LINES).join('\n  ');
  return new DatabaseNotUsable(
    `PostgreSQL in ${cluster} does not start.${cure ? ` ${cure}` : ''} Its log ${logFile} ends:\n  ${end}`,
  );
}
