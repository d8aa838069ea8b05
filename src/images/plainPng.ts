import { Unzlib } from 'fflate';

const SIGNATURE_BYTES = 8;
/** Bytes of a chunk's length, type and check sum. */
const AROUND_CONTENT = 12;
/**
 * Chunks that the pixels need. All others, such as texts and colour profiles, could inflate to any size and are left
 * out.
 */
const KEPT = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'];
/**
 * Bytes that are inflated at once. A byte of deflate becomes a thousand at most (RFC 1951), so this cannot exhaust
 * memory.
 */
const AT_ONCE = 4096;
/** Where each pass of Adam7 begins, and its steps (PNG 8.2). */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

type Chunk = { type: string; content: Uint8Array; whole: Uint8Array };

/**
 * Strips a PNG of all that its pixels do not need.
 * @throws RangeError where it is cut off, or its pixels inflate to more than its header says.
 */
export function plainPng(bytes: Uint8Array): Uint8Array {
  const chunks = readChunks(bytes);
  requireInflation(
    chunks.filter(({ type }) => type === 'IDAT').map(({ content }) => content),
    inflatedBytes(chunks[0]?.content ?? new Uint8Array()),
  );
  return Buffer.concat([bytes.subarray(0, SIGNATURE_BYTES), ...chunks.map(({ whole }) => whole)]);
}

function readChunks(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE_BYTES; chunks.at(-1)?.type !== 'IEND'; ) {
    if (at + AROUND_CONTENT > bytes.length) throw new RangeError('it is cut off');
    const end = at + AROUND_CONTENT + view.getUint32(at);
    if (end > bytes.length) throw new RangeError('it is cut off');
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1');
    const chunk = { type, content: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) };
    if (KEPT.includes(type)) chunks.push(chunk);
    at = end;
  }
  return chunks;
}

/** Bytes of the pixels before compression: rows, each with a byte in front that names its filter (PNG 7.2, 9). */
function inflatedBytes(header: Uint8Array): number {
  if (header.length < 13) throw new RangeError('it has no header');
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height, depth, colour] = [view.getUint32(0), view.getUint32(4), header[8] ?? 0, header[9] ?? 0];
  const samples = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colour] ?? 4;
  const pass = (columns: number, rows: number) =>
    columns > 0 && rows > 0 ? rows * (1 + Math.ceil((columns * samples * depth) / 8)) : 0;
  if (header[12] === 0) return pass(width, height);
  const count = (size: number, start: number, step: number) => Math.max(0, Math.ceil((size - start) / step));
  return ADAM7.reduce((sum, [x, y, across, down]) => sum + pass(count(width, x, across), count(height, y, down)), 0);
}

/** Inflates the pixels without keeping them, by the library that will inflate them later, so that both see the same. */
function requireInflation(parts: readonly Uint8Array[], most: number): void {
  let inflated = 0;
  const inflator = new Unzlib((chunk) => {
    inflated += chunk.length;
    if (inflated > most) throw new RangeError('its pixels are more than its header says');
  });
  for (const part of parts)
    for (let at = 0; at < part.length; at += AT_ONCE) inflator.push(part.subarray(at, at + AT_ONCE));
}
