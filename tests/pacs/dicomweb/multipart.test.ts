import { describe, expect, it } from 'vitest';
import { readMultipart } from '../../../src/pacs/dicomweb/multipart.js';

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(body: string | Buffer, size = 1 << 16, boundary = 'b') {
  const parts: { headers: Record<string, string>; content: string }[] = [];
  for await (const { headers, content } of readMultipart(inPieces(Buffer.from(body as string), size), boundary)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    parts.push({ headers: Object.fromEntries(headers), content: Buffer.concat(chunks).toString('latin1') });
  }
  return parts;
}

const BODY =
  'ignored preamble\r\n--b\r\nContent-Type: application/dicom\r\nX: 1\r\n\r\nfirst\r\n-\r\n--\r\n--c\r\n--b  \r\n\r\nsecond\r\n--b--\r\nepilogue';

describe('readMultipart', () => {
  it.each([1, 2, 3, 5, 7, 64, 4096])('parts a body that arrives %i bytes at a time', async (size) => {
    expect(await readAll(BODY, size)).toEqual([
      { headers: { 'content-type': 'application/dicom', x: '1' }, content: 'first\r\n-\r\n--\r\n--c' },
      { headers: {}, content: 'second' },
    ]);
  });

  it.each([1, 2, 3, 5, 64, 4096])('reads a body of bare line feeds that arrives %i bytes at a time', async (size) => {
    expect(
      await readAll('preamble\n--b\nContent-Type: application/dicom\nX: 1\n\nfirst\r\n-\r\n--b \n\n\r\n--b--\n', size),
    ).toEqual([
      { headers: { 'content-type': 'application/dicom', x: '1' }, content: 'first\r\n-\r' },
      { headers: {}, content: '\r' },
    ]);
  });

  it('takes no bare line feed for the end of a part whose boundary ended with CRLF', async () => {
    expect((await readAll('--b\r\n\r\none\n--b\ntwo\r\n--b--'))[0]?.content).toBe('one\n--b\ntwo');
  });

  it.each([1, 3, 64, 4096])(
    'passes over what a reader leaves of a part that arrives %i bytes at a time',
    async (size) => {
      const parts: string[] = [];
      for await (const { content } of readMultipart(inPieces(Buffer.from(BODY), size), 'b')) {
        for await (const chunk of content) {
          parts.push(Buffer.from(chunk).toString('latin1').slice(0, 1));
          break;
        }
      }
      expect(parts).toEqual(['f', 's']);
    },
  );

  it('reads empty parts and bodies without parts', async () => {
    expect(await readAll('--b\r\nA: 1\r\n\r\n\r\n--b--')).toEqual([{ headers: { a: '1' }, content: '' }]);
    expect(await readAll('--b--')).toEqual([]);
  });

  it('fails wherever a body is cut off, and never gives fewer parts instead', async () => {
    const end = BODY.indexOf('--b--') + '--b--'.length;
    for (let length = 0; length < end; length++) {
      await expect(readAll(BODY.slice(0, length), 10), `${length} bytes`).rejects.toMatchObject({
        code: 'PACS_BAD_ANSWER',
      });
    }
    expect(await readAll(BODY.slice(0, end))).toHaveLength(2);
  });

  it('does not wait for the end of a preamble that has none', async () => {
    let given = 0;
    const source = (async function* () {
      for (;;) {
        given += 4096;
        yield Buffer.alloc(4096, 'no boundary in here ');
      }
    })();
    await expect(readMultipart(source, 'b').next()).rejects.toMatchObject({ code: 'PACS_BAD_ANSWER' });
    expect(given).toBeLessThan(100_000);
    expect(await readAll(`${'x'.repeat(60_000)}\r\n${BODY}`, 4096)).toHaveLength(2);
  });

  it('passes binary content through unchanged', async () => {
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 2654435761) >>> 24));
    const body = Buffer.concat([Buffer.from('--b\r\n\r\n'), content, Buffer.from('\r\n--b--')]);
    const [part] = await readAll(body, 1000);
    expect(Buffer.from(part?.content ?? '', 'latin1').equals(content)).toBe(true);
  });

  it('skips what of a part was left unread', async () => {
    let parts = 0;
    for await (const _ of readMultipart(inPieces(Buffer.from(BODY), 4), 'b')) parts++;
    expect(parts).toBe(2);
  });

  it('refuses headers without end and lines that are no headers', async () => {
    await expect(readAll(`--b\r\n${'X: y\r\n'.repeat(5000)}`)).rejects.toMatchObject({ code: 'PACS_BAD_ANSWER' });
    await expect(readAll('--b\r\nno header\r\n\r\nx\r\n--b--')).rejects.toMatchObject({ code: 'PACS_BAD_ANSWER' });
    await expect(readAll('--bxyz\r\n\r\nx\r\n--b--')).rejects.toMatchObject({ code: 'PACS_BAD_ANSWER' });
  });

  it('closes its source when the reader stops early', async () => {
    let closed = false;
    const source = (async function* () {
      try {
        for (;;) yield Buffer.from(BODY);
      } finally {
        closed = true;
      }
    })();
    for await (const _ of readMultipart(source, 'b')) break;
    expect(closed).toBe(true);
  });
});
