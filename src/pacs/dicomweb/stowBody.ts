import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { parseFile } from '../header/parseFile.js';

/** A file of a STOW-RS request, with the UIDs that its response refers to. */
export type SentInstance = { path: string; sopClassUid: string; sopInstanceUid: string };

const BREAK = '\r\n';

/**
 * Makes the body of a STOW-RS request (PS3.18 10.5.1), which reads the files while it is sent, with its Content-Type
 * and its length in bytes.
 * @throws InvalidDicom for a file that is not DICOM.
 */
export async function writeStowBody(paths: readonly string[]): Promise<{
  type: string;
  length: number;
  body: AsyncIterable<Uint8Array>;
  instances: readonly SentInstance[];
}> {
  const boundary = `mrimaster-${randomUUID()}`;
  const head = Buffer.from(`--${boundary}${BREAK}Content-Type: application/dicom${BREAK}${BREAK}`);
  const end = Buffer.from(`--${boundary}--${BREAK}`);
  const instances: SentInstance[] = [];
  let length = end.length;
  for (const path of paths) {
    const { sopClassUid, sopInstanceUid } = await parseFile(path);
    instances.push({ path, sopClassUid, sopInstanceUid });
    length += head.length + (await stat(path)).size + BREAK.length;
  }
  async function* body() {
    for (const path of paths) {
      yield head;
      yield* createReadStream(path);
      yield Buffer.from(BREAK);
    }
    yield end;
  }
  return { type: `multipart/related; type="application/dicom"; boundary=${boundary}`, length, body: body(), instances };
}
