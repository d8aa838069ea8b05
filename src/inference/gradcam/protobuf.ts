/**
 * The wire format of Protocol Buffers, as far as a graph needs it: fields are read where they lie, and written as
 * bytes. Tensors are skipped over, never decoded.
 */
export type Field = { number: number; value: number | Uint8Array };

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** The fields of a message, in order. @throws RangeError where the bytes are no message. */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = view.getUint8(offset++);
      value += (byte & 127) * scale;
      if (byte < 128) return value >= 2 ** 63 ? value - 2 ** 64 : value; // int64: two's complement
    }
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

/** A field holding an integer (>= 0). */
export function integerField(number: number, value: number): Uint8Array {
  return concatenate([varint(number * 8 + VARINT), varint(value)]);
}

/** A field holding text, bytes or an embedded message. */
export function bytesField(number: number, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return concatenate([varint(number * 8 + BYTES), varint(bytes.length), bytes]);
}

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
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
