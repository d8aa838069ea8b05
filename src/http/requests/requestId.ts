import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Without dots or blanks, so that no UID and no name passes for one: it is logged. A UUID, nginx' $request_id, ... */
const SANE = /^[A-Za-z0-9_-]{8,64}$/;

/** What a request is called in its answer, in the log and in errors: as its caller calls it, or by a name of ours. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && SANE.test(given)) return given;
  const id = randomUUID();
  headers['x-request-id'] = id; // asked again, it has the same one
  return id;
}
