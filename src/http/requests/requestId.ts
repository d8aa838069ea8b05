import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Request ids are logged, so they have neither dots nor blanks: a DICOM UID or a name does not pass for one. */
const ALLOWED = /^[A-Za-z0-9_-]{8,64}$/;

/** The id of a request in its answer, the log and errors: its header x-request-id, or else a new UUID. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && ALLOWED.test(given)) return given;
  const id = randomUUID();
  headers['x-request-id'] = id; // so that the next call returns the same id
  return id;
}
