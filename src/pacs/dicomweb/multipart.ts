import { PacsBadAnswer } from '../../errors/errors.js';
import { limitBytes } from '../../peers/limitBytes.js';

/** One part of a multipart body: its header fields by lower-case name, and its content as it arrives. */
export type MultipartPart = { headers: ReadonlyMap<string, string>; content: AsyncGenerator<Uint8Array> };

/** The boundary in a Content-Type of multipart/related; null for any other type. */
export function readBoundary(contentType: string): string | null {
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? [];
  return /^multipart\/related\s*;/i.test(contentType) ? (quoted ?? plain ?? null) : null;
}

const MAX_HEADERS = 16 * 1024;
const MAX_PREAMBLE = 64 * 1024; // the text before the first boundary, which is for people
/** RFC 2046 asks for CRLF. Bodies that somebody made by hand have bare line feeds, all of them or none. */
type LineBreak = '\r\n' | '\n';

/**
 * Splits a multipart body (RFC 2046 5.1.1) into its parts as it arrives, holding no more than a chunk or two of it.
 * Read a part's content before asking for the next part; unread content is skipped. Bare line feeds pass for CRLF.
 * @throws PacsBadAnswer where the body breaks the format, or ends before its closing boundary.
 */
export async function* readMultipart(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<MultipartPart> {
  const input = createByteReader(source);
  let delimiter = Buffer.from(`\n--${boundary}`);
  input.unread(Buffer.from('\n')); // the body may begin with the first boundary, without a line break before it
  try {
    await skip(limitBytes(readUntil(input, delimiter), MAX_PREAMBLE, malformed));
    for (;;) {
      const next = await input.take(2);
      if (next.toString('latin1') === '--') return;
      input.unread(next);
      const lineBreak = await skipToLineEnd(input); // RFC 2046 allows blanks behind a boundary
      const headers = await readHeaders(input, lineBreak);
      delimiter = Buffer.from(`${lineBreak}--${boundary}`);
      const end = { reached: false };
      yield { headers, content: readUntil(input, delimiter, end) };
      if (!end.reached) await skip(readUntil(input, delimiter, end));
    }
  } finally {
    await input.close();
  }
}

type ByteReader = ReturnType<typeof createByteReader>;

/** Makes a reader of `source` that takes back bytes which were read too far. */
function createByteReader(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]();
  let pending: Buffer = Buffer.alloc(0);
  const input = {
    /** Reads the next bytes, at least one. @throws PacsBadAnswer at the end of the source. */
    async read(): Promise<Buffer> {
      if (pending.length > 0) {
        const bytes = pending;
        pending = Buffer.alloc(0);
        return bytes;
      }
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) {
          throw new PacsBadAnswer(
            'The archive ended its answer in the middle of a study. Ask again; if it happens again, look at its log.',
          );
        }
        if (value.length > 0) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      }
    },
    async take(count: number): Promise<Buffer> {
      let bytes = await input.read();
      while (bytes.length < count) bytes = Buffer.concat([bytes, await input.read()]);
      input.unread(bytes.subarray(count));
      return bytes.subarray(0, count);
    },
    unread(bytes: Buffer): void {
      pending = pending.length > 0 ? Buffer.concat([bytes, pending]) : bytes;
    },
    async close(): Promise<void> {
      await iterator.return?.();
    },
  };
  return input;
}

/**
 * Yields the content up to `delimiter`, and consumes the delimiter. If the iteration stops early, the reader continues
 * behind what was yielded.
 */
async function* readUntil(input: ByteReader, delimiter: Buffer, end = { reached: false }): AsyncGenerator<Uint8Array> {
  let held: Buffer = Buffer.alloc(0);
  try {
    for (;;) {
      const bytes = held.length > 0 ? Buffer.concat([held, await input.read()]) : await input.read();
      const at = bytes.indexOf(delimiter);
      if (at >= 0) {
        end.reached = true;
        input.unread(bytes.subarray(at + delimiter.length));
        if (at > 0) yield bytes.subarray(0, at);
        return;
      }
      // The last bytes may be the beginning of the delimiter.
      const safe = Math.max(0, bytes.length - delimiter.length + 1);
      held = bytes.subarray(safe);
      if (safe > 0) yield bytes.subarray(0, safe);
    }
  } finally {
    if (!end.reached && held.length > 0) input.unread(held);
  }
}

async function skipToLineEnd(input: ByteReader): Promise<LineBreak> {
  let line = '';
  while (!line.endsWith('\n')) {
    line += (await input.take(1)).toString('latin1');
    if (line.length > MAX_HEADERS || !/^[ \t]*\r?\n?$/.test(line)) throw malformed();
  }
  const lineBreak = line.endsWith('\r\n') ? '\r\n' : '\n';
  input.unread(Buffer.from(lineBreak)); // an empty header block then ends like any other, with two line breaks
  return lineBreak;
}

async function readHeaders(input: ByteReader, lineBreak: LineBreak): Promise<Map<string, string>> {
  let block: Buffer = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    if (block.length > MAX_HEADERS) throw malformed();
    block = Buffer.concat([block, await input.read()]);
    end = block.indexOf(lineBreak + lineBreak);
  }
  input.unread(block.subarray(end + 2 * lineBreak.length));
  const lines = block.toString('latin1', 0, end).split(lineBreak).filter(Boolean);
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw malformed();
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

async function skip(content: AsyncGenerator<Uint8Array>): Promise<void> {
  while (!(await content.next()).done);
}

function malformed(): PacsBadAnswer {
  return new PacsBadAnswer('The archive answered with a malformed multipart body. Look at its log and at any proxy.');
}
