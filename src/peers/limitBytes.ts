/** `source`, as long as it gives no more than `maxBytes`; beyond, `tooLarge` is thrown. */
export async function* limitBytes<Chunk extends Uint8Array>(
  source: AsyncIterable<Chunk>,
  maxBytes: number,
  tooLarge: (maxBytes: number) => Error,
): AsyncGenerator<Chunk> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}
