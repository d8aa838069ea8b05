// Reads the header and one frame, as stored and as modality values, of each file in a folder, then
// a good one, and prints with which codes that ended, and the most memory that this process ever held, in MiB.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseFile } from '../../dist/pacs/header/parseFile.js';
import { createDecodePool, FRAME_LIMITS } from '../../dist/pacs/pixels/decodePool.js';

const [folder, good] = process.argv.slice(2);
const pool = createDecodePool({ threads: 1, ...FRAME_LIMITS });
const outcomes = {};
for (const name of readdirSync(folder)) {
  const path = join(folder, name);
  const header = await codeOf(() => parseFile(path));
  const frame = await codeOf(() => pool.readSlice(path, 1));
  const stored = await codeOf(() => pool.readStoredFrame(path, 1));
  outcomes[name] = { header, frame, stored };
}
const { pixels } = await pool.readSlice(good, 1);
await pool.close();
console.log(JSON.stringify({ outcomes, good: [...pixels], peakMiB: process.resourceUsage().maxRSS / 1024 }));

async function codeOf(read) {
  try {
    await read();
    return null;
  } catch (error) {
    return error.code ?? String(error);
  }
}
