import { Busboy } from '@fastify/busboy';
import { z } from 'zod';
import { UploadFailed } from '../../errors/errors.js';
import { MAX_BODY_BYTES, MAX_UPLOAD_BYTES } from '../../graphql/limits.js';
import { guarded } from '../../peers/guarded.js';
import { UploadedFile } from '../../schema/uploadedFile.js';
import type { Operations } from './insertFiles.js';

/** Room for what a form holds beside its file: the parts "operations" and "map", and the headers of all parts. */
const MAX_ENVELOPE_BYTES = 3 * MAX_BODY_BYTES;
const mapShape = z.array(z.tuple([z.string(), z.array(z.string())]));

/** By name, in Maps: a part may be called `toString` or `__proto__`. `map`: the places of each file, by its name. */
export type UploadForm = { operations: Operations; map: Map<string, string[]>; files: Map<string, UploadedFile> };

type Parser = InstanceType<typeof Busboy>;

/**
 * Reads a form of the GraphQL multipart request specification, with one file at most.
 * @throws UploadFailed for a form that is too large, malformed, or lacks operations; whatever `body` throws.
 */
export async function readForm(contentType: string, body: AsyncIterable<Buffer>): Promise<UploadForm> {
  const parser = openParser(contentType);
  const form = collectParts(parser);
  form.catch(() => {}); // the loop below learns of it
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_UPLOAD_BYTES + MAX_ENVELOPE_BYTES) throw tooLarge();
    // One chunk at a time, so that what the parser throws at it arrives here.
    const written = new Promise<void>((resolve, reject) => {
      parser.write(chunk, (error) => (error ? reject(malformed()) : resolve()));
    });
    await Promise.race([written, form]);
  }
  parser.end();
  return form;
}

function openParser(contentType: string): Parser {
  const limits = { fields: 2, fieldSize: MAX_BODY_BYTES, files: 1, fileSize: MAX_UPLOAD_BYTES, parts: 3 };
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch {
    throw new UploadFailed('The request is not multipart/form-data with a boundary.');
  }
}

function collectParts(parser: Parser): Promise<UploadForm> {
  return new Promise((resolve, reject) => {
    const files: UploadForm['files'] = new Map();
    const fields: Fields = { operations: undefined, map: new Map() };
    const guard = <Given extends unknown[]>(callback: (...given: Given) => void) =>
      guarded((error) => reject(error instanceof UploadFailed ? error : malformed()), callback);
    const readField = guard((name: string, value: string, _isNameCut: boolean, isValueCut: boolean) =>
      setField(fields, name, isValueCut ? undefined : value),
    );
    const readFile = guard((name: string, file: NodeJS.ReadableStream) => {
      const chunks: Buffer[] = [];
      const keepFile = guard(() => files.set(name, new UploadedFile(Buffer.concat(chunks))));
      file.on('error', () => reject(malformed()));
      file.on('limit', () => reject(tooLarge()));
      file.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', keepFile);
    });
    const finish = guard(() => resolve({ operations: requireOperations(fields), map: fields.map, files }));
    parser.on('error', () => reject(malformed()));
    parser.on('field', readField).on('file', readFile).on('finish', finish);
  });
}

type Fields = { operations: unknown; map: UploadForm['map'] };

/** @param value undefined for one that was cut off because it is too long. */
function setField(fields: Fields, name: string, value: string | undefined): void {
  try {
    if (value === undefined) throw new RangeError('it is too long');
    if (name === 'operations') fields.operations = JSON.parse(value);
    else if (name === 'map') fields.map = new Map(mapShape.parse(Object.entries(JSON.parse(value))));
  } catch {
    throw new UploadFailed(
      'The part "operations" or "map" is too long, or not as the multipart request specification has it.',
    );
  }
}

function requireOperations({ operations }: Fields): Operations {
  if (typeof operations === 'object' && operations !== null && !Array.isArray(operations)) return operations;
  throw new UploadFailed('The part "operations" is missing, or holds several.');
}

function tooLarge(): UploadFailed {
  return new UploadFailed(`The file is larger than ${MAX_UPLOAD_BYTES / 2 ** 20} MiB.`);
}

function malformed(): UploadFailed {
  return new UploadFailed('The multipart body is malformed or cut off. Send it again.');
}
