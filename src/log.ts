import { type Logger, type LoggerOptions, pino, type SerializedError, stdSerializers } from 'pino';
import pretty from 'pino-pretty';

export type Log = Logger;

/** Of six parts and more, which no address and no version has; those of the standard itself (PS3.6 A) are nobody's. */
const UID = /(?<![\d.])(?!1\.2\.840\.10008\.)[0-2](?:\.\d+){5,}/g;

/** No line names an instance, series or study, whatever an error quotes: a path, a row, a statement. */
export function withoutUids(line: string): string {
  return line.replace(UID, '[UID]');
}

/** JSON lines for machines; sentences on a terminal. Never a patient's data in either. */
export function createLog(level: string): Log {
  const options: LoggerOptions = { level, serializers: { err: serializeError }, hooks: { streamWrite: withoutUids } };
  if (!process.stderr.isTTY) return pino(options, pino.destination(2));
  return pino(options, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }));
}

/**
 * An error as it is logged. Prisma's message about a call that it finds wrong holds all that was to be stored or looked
 * for; of it remains where the call was made.
 */
export function serializeError(error: Error): Omit<SerializedError, 'raw'> {
  const shown = stdSerializers.err(error);
  if (error.name !== 'PrismaClientValidationError') return shown;
  const message = 'Prisma finds the arguments of a call wrong; they are not shown.';
  const places = (error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line));
  return { type: error.name, message, stack: [message, ...places].join('\n') };
}
