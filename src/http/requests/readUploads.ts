import { Busboy } from '@fastify/busboy';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BodyCutOff, BodyTooSlow, Forbidden, UploadFailed } from '../../errors/errors.js';
import { MAX_BODY_BYTES, MAX_UPLOAD_BYTES } from '../../graphql/limits.js';
import { type Caller, sharerOf } from '../../identity/caller.js';
import { guarded } from '../../peers/guarded.js';
import { createPlaces } from '../../peers/places.js';
import { UploadedFile } from '../../schema/uploadedFile.js';
import { arrivingBody } from './arrivingBody.js';
import { insertFiles, type Operations } from './insertFiles.js';

/** Files that are held in memory at once, from their first byte until their request is answered. */
const AT_ONCE = { most: 8, mostOfOne: 4, waitMs: 1500 };
const SENT_WITHIN_MS = 60_000;
/** The form around the file. */
const MAX_ENVELOPE_BYTES = 3 * MAX_BODY_BYTES;
const mapShape = z.array(z.tuple([z.string(), z.array(z.string())]));

/**
 * A file with an operation, as Apollo's and Relay's clients send it: the GraphQL multipart request specification, with one
 * file a request.
 */
export function readUploads(app: FastifyInstance): void {
  const places = createPlaces(AT_ONCE);
  const held = new WeakMap<FastifyRequest, () => void>();
  const giveBack = async (request: FastifyRequest) => held.get(request)?.();
  app.addHook('onResponse', giveBack);
  app.addHook('onRequestAbort', giveBack);
  app.addContentTypeParser('multipart/form-data', async (request: FastifyRequest) => {
    refuseEarly(request);
    const body = arrivingBody(request);
    const give = await places.take(sharerOf(request.caller as Caller, request.ip), body);
    if (!give) throw new UploadFailed('Too many files are being uploaded. Try again shortly.');
    held.set(request, give);
    const timer = setTimeout(body.end, SENT_WITHIN_MS);
    try {
      return await readForm(request, body.bytes);
    } catch (error) {
      if (!(error instanceof BodyTooSlow) && !(error instanceof BodyCutOff)) throw error;
      throw new UploadFailed('The request was cut off, or came too slowly.');
    } finally {
      clearTimeout(timer);
    }
  });
}

/** What its head says, before a byte of its body is read. */
function refuseEarly({ caller, headers, routeOptions }: FastifyRequest): void {
  if (routeOptions.url !== '/graphql') throw new UploadFailed('Files are uploaded to /graphql only.');
  // A form of another site may send multipart/form-data with this user's cookies or address, but no header of its own.
  if (!headers['apollo-require-preflight'] && !headers['x-apollo-operation-name'])
    throw new UploadFailed('Send the header "apollo-require-preflight: true" with a file, against forgery (CSRF).');
  if (!caller?.rights.has('classify'))
    throw new Forbidden('A file is uploaded to be classified, which needs the right "classify".');
}

async function readForm({ headers }: FastifyRequest, body: AsyncIterable<Buffer>): Promise<Operations> {
  const form = openForm(headers['content-type'] ?? '');
  const read = collect(form);
  read.catch(() => {}); // whoever feeds it learns of it
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_UPLOAD_BYTES + MAX_ENVELOPE_BYTES) throw tooLarge();
    // One chunk at a time: what the parser throws at it arrives here.
    const fed = new Promise<void>((resolve, reject) => {
      form.write(chunk, (error) => (error ? reject(broken()) : resolve()));
    });
    await Promise.race([fed, read]);
  }
  form.end();
  const { operations, map, files } = await read;
  insertFiles(operations, map, files);
  return operations;
}

type Form = InstanceType<typeof Busboy>;

function openForm(contentType: string): Form {
  const limits = { fields: 2, fieldSize: MAX_BODY_BYTES, files: 1, fileSize: MAX_UPLOAD_BYTES, parts: 3 };
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch {
    throw new UploadFailed('The request is no multipart/form-data with a boundary.');
  }
}

/** By name, whatever the names are: `toString` and `__proto__` are names as any other. */
type Parts = { operations: Operations; map: Map<string, string[]>; files: Map<string, UploadedFile> };

function collect(form: Form): Promise<Parts> {
  return new Promise((resolve, reject) => {
    const files: Parts['files'] = new Map();
    let operations: unknown;
    let map: Parts['map'] = new Map();
    const guard = <Given extends unknown[]>(callback: (...given: Given) => void) =>
      guarded((error) => reject(error instanceof UploadFailed ? error : broken()), callback);
    form.on('error', () => reject(broken()));
    form.on(
      'field',
      guard((name: string, value: string, _nameCut: boolean, valueCut: boolean) => {
        try {
          if (valueCut) throw new RangeError('it is too long');
          if (name === 'operations') operations = JSON.parse(value);
          else if (name === 'map') map = new Map(mapShape.parse(Object.entries(JSON.parse(value))));
        } catch {
          throw new UploadFailed(
            'The part "operations" or "map" is too long, or not as the multipart request specification has it.',
          );
        }
      }),
    );
    form.on(
      'file',
      guard((name: string, file: NodeJS.ReadableStream) => {
        const chunks: Buffer[] = [];
        file.on('error', () => reject(broken()));
        file.on('limit', () => reject(tooLarge()));
        file.on('data', (chunk: Buffer) => chunks.push(chunk));
        file.on(
          'end',
          guard(() => files.set(name, new UploadedFile(Buffer.concat(chunks)))),
        );
      }),
    );
    form.on(
      'finish',
      guard(() => {
        if (typeof operations !== 'object' || operations === null || Array.isArray(operations))
          throw new UploadFailed('The part "operations" is missing, or holds several.');
        resolve({ operations: operations as Operations, map, files });
      }),
    );
  });
}

function tooLarge(): UploadFailed {
  return new UploadFailed(`The file is larger than ${MAX_UPLOAD_BYTES / 2 ** 20} MiB.`);
}

function broken(): UploadFailed {
  return new UploadFailed('The multipart body is malformed or cut off. Send it again.');
}
