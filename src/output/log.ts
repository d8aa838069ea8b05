import { type Logger, type LoggerOptions, pino } from 'pino';
import pretty from 'pino-pretty';
import { MrimasterError } from '../errors/errors.js';
import { onLibraryOutput } from './libraryOutput.js';
import { visibleJson, visibleText } from './visibleText.js';

export type Log = Logger;

/** Of six parts and more, which no address and no version has; those of the standard itself (PS3.6 A) are nobody's. */
const UID = /(?<![\d.]|"studyInstanceUid":")(?!1\.2\.840\.10008\.)[0-2](?:\.\d+){5,}/g;

/**
 * No line names an instance, series or study, whatever an error quotes: a path, a row, a statement. What a line names as
 * its `studyInstanceUid`, because somebody has to look at that study, stays.
 */
export function withoutUids(line: string): string {
  return line.replace(UID, '[UID]');
}

/** A terminal, or whoever shows the file on one, is told nothing that it would obey. */
function presentable(line: string): string {
  const anonymous = withoutUids(line);
  return process.stderr.isTTY ? visibleJson(anonymous) : visibleText(anonymous);
}

/** JSON lines for machines; sentences on a terminal. Never a patient's data in either. */
export function createLog(level: string): Log {
  const options: LoggerOptions = {
    level,
    serializers: { err: (error: unknown) => serializeError(error) },
    hooks: { streamWrite: presentable },
  };
  if (!process.stderr.isTTY) return pino(options, pino.destination(2));
  return pino(options, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }));
}

/** That a library had something to say, once of each; what it said may quote a header (muteLibraries.ts). */
export function tellOfMuted(log: Log): void {
  onLibraryOutput((library) =>
    log.warn({ library }, 'A library wrote a message, which is not shown, as it may quote a header.'),
  );
}

/** As much of an error as may be logged; `stack`: where it happened, a line each. */
export type LoggedError = {
  type: string;
  message: string;
  stack: string;
  code?: string;
  syscall?: string;
  cause?: LoggedError;
  aggregateErrors?: LoggedError[];
};

const HIDDEN = 'It is not shown, as it may quote what a patient is called.';
const DEEPEST = 5;

/**
 * An error as it is logged. Messages of ours hold no patient data. Those of libraries quote what was to be written, read,
 * stored or looked for, in their own fields, too: of these remains what kind it was, its code, and where it happened.
 */
export function serializeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: HIDDEN, stack: '' };
  const { cause, code, syscall } = error as NodeJS.ErrnoException;
  const message = quotesNothing(error) ? error.message : HIDDEN;
  const deeper = depth < DEEPEST;
  const causes =
    deeper && error instanceof AggregateError ? error.errors.map((one) => serializeError(one, depth + 1)) : [];
  return {
    type: isName(error.name) ? error.name : 'Error',
    message,
    ...(isName(code) && { code }),
    ...(isName(syscall) && { syscall }),
    stack: [message, ...places(error)].join('\n'),
    ...(deeper && cause !== undefined && { cause: serializeError(cause, depth + 1) }),
    ...(causes.length > 0 && { aggregateErrors: causes }),
  };
}

/** Ours; and what the engine says of a mistake of ours, such as "x is not a function", unless a library made it. */
function quotesNothing(error: Error): boolean {
  if (error instanceof MrimasterError) return true;
  const ofEngine =
    ['ReferenceError', 'TypeError'].includes(error.name) && (error as NodeJS.ErrnoException).code === undefined;
  return ofEngine && !places(error)[0]?.includes('/node_modules/') && !/["'`]/.test(error.message);
}

/** A word that a program writes, no value that it was given: "ENOENT", "P2002", "57P01", "open". */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z][\w.]{1,59}$|^\w{5}$/.test(value);

/** Lines of the stack alone: a message may have several lines, and one of them may look like those. */
function places({ message, stack = '' }: Error): string[] {
  const at = stack.indexOf(message);
  const behind = at < 0 ? stack : stack.slice(at + message.length);
  return behind.split('\n').filter((line) => /^ +at .*(:\d+:\d+\)?|<anonymous>\)?|native\)?)$/.test(line));
}
