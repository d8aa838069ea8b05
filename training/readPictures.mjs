// Decodes pictures with the server's own code, for training.
// stdin: paths as JSON. stdout: for each picture in turn its rows and columns (uint32) and its grey values (float32), all
// little-endian.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { readPicture } from '../dist/images/readPicture.js';

for (const path of JSON.parse(await text(process.stdin))) {
  const { rows, columns, pixels } = readPicture(await readFile(path));
  process.stdout.write(Buffer.from(Uint32Array.of(rows, columns).buffer));
  process.stdout.write(Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength));
}
