// What decoding one 512 × 512 slice costs, by transfer syntax, against DCMTK's command line (GDCM's for JPEG 2000) on
// the same file in the same run, net of that program's start: its time on a 16 × 16 file is taken off. Ours is the whole
// of decodeFrame, header included, warm, in one thread; theirs also writes the decoded file, 0.5 MB, to memory where
// that can be. CPU time of both, which other work on the machine disturbs least; medians of rounds in turns.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { TRANSFER_SYNTAXES } from '../dist/pacs/header/transferSyntax.js';
import { decodeFrame } from '../dist/pacs/pixels/decode.js';
import { writeInstance } from '../dist/pacs/write/writeInstance.js';
import { phantomSlice, SAMPLE_SEED } from '../dist/sample/phantom.js';
import { encodeHtj2k } from './encodeHtj2k.mjs';
import { median } from './setup/quantiles.mjs';

const ROUNDS = 15;
const RUNS = 6;
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'mrimaster-bench-'));
const SUBJECTS = [
  { end: '', bits: 16, encode: ['dcmconv', '+ti'], decode: ['dcmconv', '+te'] },
  { end: '.1', bits: 16, encode: ['dcmconv', '+te'], decode: ['dcmconv', '+te'] },
  { end: '.1.99', bits: 16, encode: ['dcmconv', '+td'], decode: ['dcmconv', '+te'] },
  { end: '.2', bits: 16, encode: ['dcmconv', '+tb'], decode: ['dcmconv', '+te'] },
  { end: '.5', bits: 16, encode: ['dcmcrle'], decode: ['dcmdrle'] },
  { end: '.4.50', bits: 8, encode: ['dcmcjpeg', '+eb'], decode: ['dcmdjpeg'] },
  { end: '.4.51', bits: 12, encode: ['dcmcjpeg', '+ee'], decode: ['dcmdjpeg'] },
  { end: '.4.57', bits: 16, encode: ['dcmcjpeg', '+el'], decode: ['dcmdjpeg'] },
  { end: '.4.70', bits: 16, encode: ['dcmcjpeg', '+e1'], decode: ['dcmdjpeg'] },
  { end: '.4.80', bits: 16, encode: ['dcmcjpls', '+el'], decode: ['dcmdjpls'] },
  { end: '.4.81', bits: 16, encode: ['dcmcjpls', '+en'], decode: ['dcmdjpls'] },
  { end: '.4.90', bits: 16, encode: ['gdcmconv', '--j2k'], decode: ['gdcmconv', '--raw'] },
  { end: '.4.91', bits: 16, encode: ['gdcmconv', '--j2k', '--lossy'], decode: ['gdcmconv', '--raw'] },
  { end: '.4.201', bits: 16, encode: encodeHtj2k, decode: null },
];

const head = phantomSlice(SAMPLE_SEED, 0.5, null);
const rows = [];
for (const subject of SUBJECTS) {
  const large = await makeFile(512, subject);
  const tiny = await makeFile(16, subject);
  if (large && tiny)
    rows.push({ ...subject, large, tiny, bytes: readFileSync(large), ours: [], theirs: [], start: [] });
}
for (let round = -2; round < ROUNDS; round++) {
  for (const row of rows) {
    const ours = await ourMilliseconds(row.bytes);
    if (round < 0) continue; // warms up
    row.ours.push(ours);
    if (!row.decode) continue;
    row.theirs.push(theirMilliseconds(row.decode, row.large));
    row.start.push(theirMilliseconds(row.decode, row.tiny));
  }
}
rmSync(folder, { recursive: true });
print();

/** A head of `size` × `size` pixels of this depth, encoded; null where the encoder is not there. */
async function makeFile(size, { end, bits, encode }) {
  const name = join(folder, `${size}-${bits}`);
  writeFileSync(`${name}.dcm`, instance(size, bits));
  const target = `${name}${end}.encoded.dcm`;
  if (typeof encode === 'function') writeFileSync(target, await encode(readFileSync(`${name}.dcm`), size, bits));
  else if (spawnSync(encode[0], [...encode.slice(1), `${name}.dcm`, target]).status !== 0) return null;
  return target;
}

function instance(size, bits) {
  const noise = (at) => ((at * 2654435761) >>> 24) / 255 - 0.5;
  const pixels = Uint16Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size].map((place) => Math.floor((place * 256) / size));
    const value = (head.pixels[row * 256 + column] + 60 * noise(at)) / 2600;
    return Math.round(Math.min(Math.max(value, 0), 1) * (2 ** bits - 1));
  });
  const allocated = bits === 8 ? 8 : 16;
  return writeInstance({
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
    SOPInstanceUID: '1.2.3.4',
    StudyInstanceUID: '1.2.3',
    SeriesInstanceUID: '1.2.3.1',
    Modality: 'MR',
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: size,
    Columns: size,
    BitsAllocated: allocated,
    BitsStored: bits,
    HighBit: bits - 1,
    PixelRepresentation: 0,
    PixelData: allocated === 8 ? Uint8Array.from(pixels).buffer : pixels.buffer,
    _vrMap: { PixelData: allocated === 8 ? 'OB' : 'OW' },
  });
}

async function ourMilliseconds(bytes) {
  const began = process.cpuUsage();
  for (let run = 0; run < RUNS; run++) await decodeFrame(bytes, 1);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000 / RUNS;
}

/** By the shell's `times`, whose second line is the user and system time of what it ran: "0m0.123s 0m0.045s". */
function theirMilliseconds(command, file) {
  const script = `for run in {1..${RUNS}}; do "$@" || exit 1; done > /dev/null 2>&1; times`;
  const { status, stdout } = spawnSync('bash', ['-c', script, 'bash', ...command, file, join(folder, 'decoded.dcm')]);
  if (status !== 0) throw new Error(`${command[0]} failed on ${file}`);
  const times = String(stdout)
    .trim()
    .split('\n')[1]
    .matchAll(/(\d+)m([\d.]+)s/g);
  return ([...times].reduce((sum, [, minutes, seconds]) => sum + 60 * minutes + Number(seconds), 0) * 1000) / RUNS;
}

function print() {
  console.log(
    `Decoding one slice of 512 × 512, ${cpus().length} cores, Node ${process.version}; CPU ms, medians of ${ROUNDS} rounds of ${RUNS}.`,
  );
  console.log(`Peer: DCMTK's (JPEG 2000: GDCM's) command line, net of its start.\n`);
  console.log(`${'transfer syntax'.padEnd(36)} bits   KB   ours   peer  start  peer / ours`);
  for (const { end, bits, bytes, ours, theirs, start } of rows) {
    const { name } = TRANSFER_SYNTAXES[`1.2.840.10008.1.2${end}`];
    const peer = median(theirs) - median(start);
    const line = [
      name.padEnd(36),
      String(bits).padStart(4),
      (bytes.length / 1000).toFixed(0).padStart(4),
      fixed(median(ours)),
    ];
    const compared = [fixed(peer), fixed(median(start)), `${(peer / median(ours)).toFixed(1).padStart(9)} ×`];
    console.log([...line, ...(theirs.length > 0 ? compared : ['     –      –            –'])].join(' '));
  }
}

function fixed(value) {
  return value.toFixed(2).padStart(6);
}
