/** Passes `source` on. @throws what `tooLarge` makes once there are more than `maxBytes` bytes. */
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
