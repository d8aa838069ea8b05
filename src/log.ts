import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type Log = Logger;

/** JSON lines for machines; sentences on a terminal. Never a patient's data in either. */
export function createLog(level: string): Log {
  if (!process.stderr.isTTY) return pino({ level }, pino.destination(2));
  return pino({ level }, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }));
}
