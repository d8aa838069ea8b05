import type { FastifyInstance, FastifyRequest } from 'fastify';
import { BodyCutOff, BodyTooSlow, Forbidden, UploadFailed } from '../../errors/errors.js';
import { type Caller, sharerOf } from '../../identity/caller.js';
import { createPlaces } from '../../peers/places.js';
import { arrivingBody } from './arrivingBody.js';
import { insertFiles } from './insertFiles.js';
import { readForm } from './readForm.js';

/** Limits of files held in memory at the same time, from their first byte until their request is answered. */
const AT_ONCE = { most: 8, mostOfOne: 4, waitMs: 1500 };
const SENT_WITHIN_MS = 60_000;

/**
 * Reads a file that comes with an operation, as Apollo's and Relay's clients send it: by the GraphQL multipart request
 * specification, one file a request. It refuses with UploadFailed, or Forbidden for callers who may not classify.
 */
export function readUploads(app: FastifyInstance): void {
  const places = createPlaces(AT_ONCE);
  const placesHeld = new WeakMap<FastifyRequest, () => void>();
  const givePlaceBack = async (request: FastifyRequest) => placesHeld.get(request)?.();
  app.addHook('onResponse', givePlaceBack);
  app.addHook('onRequestAbort', givePlaceBack);
  app.addContentTypeParser('multipart/form-data', async (request: FastifyRequest) => {
    refuseEarly(request);
    const body = arrivingBody(request);
    const give = await places.take(sharerOf(request.caller as Caller, request.ip), body);
    if (!give) throw new UploadFailed('Too many files are being uploaded. Try again shortly.');
    placesHeld.set(request, give);
    const timer = setTimeout(body.end, SENT_WITHIN_MS);
    try {
      const { files, map, operations } = await readForm(request.headers['content-type'] ?? '', body.bytes);
      insertFiles(operations, map, files);
      return operations;
    } catch (error) {
      if (!(error instanceof BodyTooSlow) && !(error instanceof BodyCutOff)) throw error;
      throw new UploadFailed('The request was cut off, or came too slowly.');
    } finally {
      clearTimeout(timer);
    }
  });
}

/** Refuses by the request's head alone, before a byte of its body is read. */
function refuseEarly({ caller, headers, routeOptions }: FastifyRequest): void {
  if (routeOptions.url !== '/graphql') throw new UploadFailed('Files are uploaded to /graphql only.');
  // A form on another site may send multipart/form-data with this user's cookies or address, but no header of its own.
  if (!headers['apollo-require-preflight'] && !headers['x-apollo-operation-name'])
    throw new UploadFailed('Send the header "apollo-require-preflight: true" with a file, against forgery (CSRF).');
  if (!caller?.rights.has('classify'))
    throw new Forbidden('A file is uploaded to be classified, which needs the right "classify".');
}
