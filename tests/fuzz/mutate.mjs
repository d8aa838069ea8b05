const EXTREMES = [
  0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

/**
 * One to three mutations of `seed`, { bytes, fields } (fields.mjs), with another seed at hand for splicing. Those that
 * keep every offset come first, so that the fields are still where they were.
 */
export function mutate(seed, other, random) {
  let bytes = Buffer.from(seed.bytes);
  const count = 1 + random.below(3);
  const chosen = Array.from({ length: count }, () => random.of(seed.fields.length > 0 ? ALL : UNSTRUCTURED));
  for (const mutation of chosen.sort((a, b) => ALL.indexOf(a) - ALL.indexOf(b))) {
    if (bytes.length > 0) bytes = mutation(bytes, seed.fields, random, other.bytes);
  }
  return bytes;
}

function flipBits(bytes, _fields, random) {
  for (let flips = 1 + random.below(16); flips > 0; flips--) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
  return bytes;
}

/** In the first bytes of a value lie a codestream's sizes, a table's entries, an RLE frame's segments. */
function setExtremeValue(bytes, fields, random) {
  const { value, valueBytes } = random.of(fields);
  write(bytes, value + random.below(Math.min(valueBytes, 64)), random.of([1, 2, 4]), random.of(EXTREMES), random);
  return bytes;
}

function editLength(bytes, fields, random) {
  const { length, lengthBytes, valueBytes } = random.of(fields);
  const near = valueBytes + random.below(9) - 4;
  write(bytes, length, lengthBytes, random.once(2) ? near : random.of(EXTREMES), { once: () => true });
  return bytes;
}

function swapTags(bytes, fields, random) {
  const [a, b] = [random.of(fields).tag, random.of(fields).tag];
  const kept = Buffer.from(bytes.subarray(a, a + 4));
  bytes.copy(bytes, a, b, b + 4);
  kept.copy(bytes, b);
  return bytes;
}

/** Elements, items and fragments, from tag to end. */
function duplicate(bytes, fields, random) {
  const { tag, value, valueBytes } = random.of(fields);
  const copies = Array.from({ length: random.once(20) ? 1000 : 1 }, () => bytes.subarray(tag, value + valueBytes));
  const to = random.of(fields).tag;
  const kept = copies.length * (value + valueBytes - tag) > 4_000_000 ? copies.slice(0, 1) : copies;
  return Buffer.concat([bytes.subarray(0, to), ...kept, bytes.subarray(to)]);
}

function splice(bytes, _fields, random, other) {
  return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length))]);
}

function removeRange(bytes, _fields, random) {
  const from = random.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + random.below(random.of([4, 64, 4096])))]);
}

function truncate(bytes, _fields, random) {
  return bytes.subarray(0, random.below(bytes.length));
}

function write(bytes, at, size, number, random) {
  if (at < 0 || at + size > bytes.length) return;
  const kept = Math.abs(number) % 2 ** (8 * size);
  if (random.once(2)) bytes.writeUIntLE(kept, at, size);
  else bytes.writeUIntBE(kept, at, size);
}

const ALL = [flipBits, setExtremeValue, editLength, swapTags, duplicate, splice, removeRange, truncate];
const UNSTRUCTURED = [flipBits, splice, removeRange, truncate];
