import { Busboy } from '@fastify/busboy';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { UploadFailed } from './errors.js';
import { MAX_BODY_BYTES, MAX_UPLOAD_BYTES } from './limits.js';
import { UploadedFile } from './uploadedFile.js';

/** Files that are held in memory at once. */
const MOST_AT_ONCE = 4;
const mapShape = z.record(z.string(), z.array(z.string()));
const SENT_WITHIN_MS = 60_000;

type Operations = { query?: unknown; variables?: Record<string, unknown> };

/**
 * A file with an operation, as Apollo's and Relay's clients send it: the GraphQL multipart request specification, with one
 * file a request.
 */
export function readUploads(app: FastifyInstance): void {
  let open = 0;
  app.addContentTypeParser('multipart/form-data', async (request: FastifyRequest, payload: NodeJS.ReadableStream) => {
    if (request.routeOptions.url !== '/graphql') throw new UploadFailed('Files are uploaded to /graphql only.');
    // A form of another site may send multipart/form-data with this user's cookies or address, but no header of its own.
    const { headers } = request;
    if (!headers['apollo-require-preflight'] && !headers['x-apollo-operation-name'])
      throw new UploadFailed('Send the header "apollo-require-preflight: true" with a file, against forgery (CSRF).');
    if (open >= MOST_AT_ONCE) throw new UploadFailed('Too many files are being uploaded. Try again shortly.');
    open++;
    try {
      return await readForm(request, payload);
    } finally {
      open--;
    }
  });
}

function readForm({ headers }: FastifyRequest, payload: NodeJS.ReadableStream): Promise<Operations> {
  return new Promise((resolve, reject) => {
    const limits = { fields: 2, fieldSize: MAX_BODY_BYTES, files: 1, fileSize: MAX_UPLOAD_BYTES, parts: 3 };
    let form: InstanceType<typeof Busboy>;
    const fail = (message: string) => {
      clearTimeout(timer);
      payload.unpipe(form);
      payload.resume(); // so that the refusal is read
      reject(new UploadFailed(message));
    };
    const timer = setTimeout(() => fail(`The file did not come within ${SENT_WITHIN_MS / 1000} s.`), SENT_WITHIN_MS);
    try {
      form = new Busboy({ headers: headers as never, limits });
    } catch {
      clearTimeout(timer);
      throw new UploadFailed('The request is no multipart/form-data with a boundary.');
    }
    let operations: Operations | undefined;
    const files = new Map<string, UploadedFile>();
    let places: Record<string, string[]> | undefined;
    form.on('field', (name, value, _nameCut, valueCut) => {
      try {
        if (valueCut) throw new RangeError('it is too long');
        if (name === 'operations') operations = JSON.parse(value);
        else if (name === 'map') places = mapShape.parse(JSON.parse(value));
      } catch {
        fail(`The part "${name}" is too long, or not as the specification has it.`);
      }
    });
    form.on('file', (name, file) => {
      const chunks: Buffer[] = [];
      file.on('limit', () => fail(`The file is larger than ${MAX_UPLOAD_BYTES / 2 ** 20} MiB.`));
      file.on('data', (chunk: Buffer) => chunks.push(chunk));
      file.on('end', () => files.set(name, new UploadedFile(Buffer.concat(chunks))));
    });
    form.on('error', () => fail('The multipart body is malformed or cut off. Send it again.'));
    payload.on('error', () => fail('The request was cut off.'));
    form.on('finish', () => {
      clearTimeout(timer);
      if (!operations || Array.isArray(operations)) return fail('The part "operations" is missing, or holds several.');
      for (const [name, file] of files)
        for (const place of places?.[name] ?? [])
          if (!insert(operations, place, file))
            return fail(
              `The part "map" names ${JSON.stringify(place).slice(0, 80)}, which is no variable that is null.`,
            );
      resolve(operations);
    });
    payload.pipe(form);
  });
}

/** At "variables.input.file"; only where it is null, as the specification has it, and nothing else is reached. */
function insert(operations: Operations, place: unknown, file: UploadedFile): boolean {
  const keys = String(place).split('.');
  const last = keys.pop() as string;
  if (keys[0] !== 'variables') return false;
  let at: unknown = operations;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Record<string, unknown>)[key];
  }
  if (typeof at !== 'object' || at === null || !Object.hasOwn(at, last)) return false;
  const target = at as Record<string, unknown>;
  if (target[last] !== null) return false;
  target[last] = file;
  return true;
}
