import { type Logger, type LoggerOptions, pino } from 'pino';
import pretty from 'pino-pretty';
import { MrimasterError } from '../errors/errors.js';
import { onLibraryOutput } from './libraryOutput.js';
import { visibleJson, visibleText } from './visibleText.js';

/** Writes lines that hold no patient's data, and no UID but those that it is given as `studyInstanceUid(s)` or `classes`. */
export type Log = Logger;

/**
 * UIDs that name an object. They have six parts or more, which no address and no version has; UIDs of the standard
 * itself (PS3.6 A) name none.
 */
const UID =
  /(?<![\d.]|"studyInstanceUid":"|"(?:studyInstanceUids|classes)":\[[^\]]*)(?!1\.2\.840\.10008\.)0*[0-2](?:\.\d+){5,}/g;

/**
 * Removes the UIDs of instances, series and studies from a line: an error may quote a path, a row or a statement. The
 * fields `studyInstanceUid` and `studyInstanceUids` stay, because somebody has to look at these studies, and `classes` (of
 * objects, with transfer syntaxes), because private ones name no object.
 */
export function withoutUids(line: string): string {
  return line.replace(UID, '[UID]');
}

/** Removes control characters, too, which a terminal would obey, now or when somebody shows the file. */
function presentable(line: string, inSentences: boolean): string {
  const anonymous = withoutUids(line);
  return inSentences ? visibleJson(anonymous) : visibleText(anonymous);
}

/** Opens the log on standard error: sentences on a terminal, else a JSON object a line, unless it is to be sentences. */
export function createLog(level: string, inSentences = process.stderr.isTTY === true): Log {
  const options: LoggerOptions = {
    level,
    serializers: { err: (error: unknown) => serializeError(error) },
    hooks: { streamWrite: (line) => presentable(line, inSentences) },
  };
  if (!inSentences) return pino(options, pino.destination(2));
  return pino(options, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }));
}

/**
 * Logs once of each library that it wanted to write. Its text is left out: it may quote a header (muteLibraries.ts).
 */
export function tellOfMuted(log: Log): void {
  onLibraryOutput((library) =>
    log.warn({ library }, 'A library wrote a message, which is not shown, as it may quote a header.'),
  );
}

/** The parts of an error that may be logged. `stack`: the places that it passed, one a line. */
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
 * Reduces an error to what may be logged. Our own messages hold no patient data. Libraries quote what was written, read
 * or looked for, in messages and in fields of their own: of their errors only the type, the code and the stack stay.
 */
export function serializeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: HIDDEN, stack: '' };
  const { cause, code, syscall } = error as NodeJS.ErrnoException;
  const message = quotesNothing(error) ? error.message : HIDDEN;
  const deeper = depth < DEEPEST;
  const causes =
    deeper && error instanceof AggregateError ? error.errors.map((inner) => serializeError(inner, depth + 1)) : [];
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

/** Whether a message quotes no data: our own, and the engine's about a mistake in our code ("x is not a function"). */
function quotesNothing(error: Error): boolean {
  if (error instanceof MrimasterError) return true;
  const ofEngine =
    ['ReferenceError', 'TypeError'].includes(error.name) && (error as NodeJS.ErrnoException).code === undefined;
  return ofEngine && !places(error)[0]?.includes('/node_modules/') && !/["'`]/.test(error.message);
}

/** Whether a value is a name from a program's source, not data: "ENOENT", "P2002", "57P01", "open". */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z][\w.]{1,59}$|^\w{5}$/.test(value);

/** The stack's lines without the message, which may have several lines that look like them. */
function places({ message, stack = '' }: Error): string[] {
  const at = stack.indexOf(message);
  const behind = at < 0 ? stack : stack.slice(at + message.length);
  return behind.split('\n').filter((line) => /^ +at .*(:\d+:\d+\)?|<anonymous>\)?|native\)?)$/.test(line));
}
