/**
 * A field of a message in the wire format of Protocol Buffers, as far as a graph needs it. Fields are read where they
 * lie. Tensors are skipped, never decoded.
 */
export type Field = { number: number; value: number | Uint8Array };

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Reads the fields of a message, in order. @throws RangeError where the bytes are not a message. */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const varint = (): number => {
    const { value, next } = readVarint(view, offset);
    offset = next;
    return value;
  };
  while (offset < bytes.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    switch (key & 7) {
      case VARINT:
        yield { number, value: varint() };
        break;
      case FIXED64:
        yield { number, value: view.getFloat64(offset, true) };
        offset += 8;
        break;
      case BYTES: {
        const length = varint();
        if (length < 0 || offset + length > bytes.length) throw new RangeError('a field is longer than its message');
        yield { number, value: bytes.subarray(offset, offset + length) };
        offset += length;
        break;
      }
      case FIXED32:
        yield { number, value: view.getFloat32(offset, true) };
        offset += 4;
        break;
      default:
        throw new RangeError('not a Protocol Buffers message');
    }
  }
}

/** Unpacks the integers of a packed repeated field. */
export function unpack(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: number[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const { value, next } = readVarint(view, offset);
    values.push(value);
    offset = next;
  }
  return values;
}

/** Reads an int64. A negative one is ten bytes of two's complement, more than a number holds without rounding. */
function readVarint(view: DataView, start: number): { value: number; next: number } {
  let bits = 0n;
  for (let offset = start; ; offset++) {
    const byte = view.getUint8(offset);
    bits |= BigInt(byte & 127) << BigInt(7 * (offset - start));
    if (byte < 128) return { value: Number(BigInt.asIntN(64, bits)), next: offset + 1 };
  }
}

/** Encodes a field with an integer. */
export function integerField(number: number, value: number): Uint8Array {
  return concatenate([varint(number * 8 + VARINT), varint(value)]);
}

/** Encodes a field with text, bytes or an embedded message. */
export function bytesField(number: number, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return concatenate([varint(number * 8 + BYTES), varint(bytes.length), bytes]);
}

/** Joins arrays of bytes. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) + 128);
  }
}
