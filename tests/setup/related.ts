/** The Content-Type of {@link relatedBody}. */
export const RELATED = 'multipart/related; type="application/dicom"; boundary=b';

/**
 * The body of a STOW-RS request (PS3.18 8.6.1.1).
 * @param options.tail what follows the last object: by default the closing boundary.
 */
export function relatedBody(
  objects: readonly Uint8Array[],
  { lineBreak = '\r\n', tail = `--b--${lineBreak}` }: { lineBreak?: '\r\n' | '\n'; tail?: string } = {},
): Uint8Array<ArrayBuffer> {
  const head = Buffer.from(`--b${lineBreak}Content-Type: application/dicom${lineBreak}${lineBreak}`);
  const parts = objects.flatMap((object) => [head, object, Buffer.from(lineBreak)]);
  return new Uint8Array(Buffer.concat([...parts, Buffer.from(tail)]));
}
