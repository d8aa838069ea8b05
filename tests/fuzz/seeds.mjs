import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import dcmjsCodecs from 'dcmjs-codecs';
import { locateDataSet } from '../../dist/pacs/header/locateDataSet.js';
import { writeSampleStudy } from '../../dist/sample/writeSampleStudy.js';
import { fieldsOf } from './fields.mjs';

const { Context, NativeCodecs } = dcmjsCodecs;
const SYNTAX = '1.2.840.10008.1.2';

/** Good files to start from: the sample study in every encoding that the codecs here, and DCMTK where it is, can write. */
export async function dicomSeeds() {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  await writeSampleStudy(folder);
  const [name] = readdirSync(folder);
  const plain = readFileSync(join(folder, name));
  const files = [plain, deflated(plain), ...(await compressed(plain)), ...withDcmtk(folder, join(folder, name))];
  rmSync(folder, { recursive: true });
  return files.map((bytes) => ({ bytes, fields: fieldsOf(new Uint8Array(bytes)) }));
}

function withDcmtk(folder, path) {
  const commands = [
    ['dcmconv', '+ti'],
    ['dcmconv', '+tb'],
    ['dcmconv', '+te', '-e'],
    ['dcmcjpeg', '+el', '+fs', '1'],
    ['dcmcjpeg', '+ee'],
    ['dcmcjpls', '+en'],
    ['dcmcrle'],
  ];
  return commands.flatMap(([tool, ...options]) => {
    const target = join(folder, 'converted');
    return spawnSync(tool, [...options, path, target]).status === 0 ? [readFileSync(target)] : [];
  });
}

async function compressed(plain) {
  await NativeCodecs.initializeAsync();
  const at = plain.indexOf(Buffer.from('e07f10004f57', 'hex'));
  const value = (tag) => plain.readUInt16LE(plain.indexOf(Buffer.from(tag, 'hex')) + 8);
  const [rows, columns] = [value('280010005553'), value('280011005553')];
  const size = { width: columns, height: rows, samplesPerPixel: 1, pixelRepresentation: 0, planarConfiguration: 0 };
  const context = new Context({
    ...size,
    bitsAllocated: 16,
    bitsStored: 16,
    photometricInterpretation: 'MONOCHROME2',
    decodedBuffer: new Uint8Array(plain.subarray(at + 12, at + 12 + rows * columns * 2)),
  });
  const encodings = {
    '.5': NativeCodecs.encodeRle(context),
    '.4.70': NativeCodecs.encodeJpeg(context, { lossy: false }),
    '.4.80': NativeCodecs.encodeJpegLs(context, { lossy: false }),
    '.4.90': NativeCodecs.encodeJpeg2000(context, { lossy: false }),
    '.4.91': NativeCodecs.encodeJpeg2000(context, { lossy: true }),
    '.4.201': NativeCodecs.encodeHtJpeg2000(context, {}),
  };
  const header = plain.subarray(0, at);
  const single = Object.entries(encodings).map(([end, encoded]) =>
    withPixelData(header, SYNTAX + end, [encoded.getEncodedBuffer()]),
  );
  const rle = encodings['.5'].getEncodedBuffer();
  return [...single, withPixelData(ofTwoFrames(header), `${SYNTAX}.5`, [rle, rle])];
}

/** NumberOfFrames goes in front of Rows. */
function ofTwoFrames(header) {
  const rows = header.indexOf(Buffer.from('280010005553', 'hex'));
  const number = Buffer.from('28000800495302003220', 'hex');
  return Buffer.concat([header.subarray(0, rows), number, header.subarray(rows)]);
}

/** A file with these fragments, a frame each, behind the header of one without pixel data. */
export function withPixelData(header, syntax, fragments) {
  const item = (bytes) => Buffer.concat([Buffer.from('feff00e0', 'hex'), uint32(bytes.length), bytes]);
  const even = fragments.map((fragment) => Buffer.concat([fragment, Buffer.alloc(fragment.length % 2)]));
  const pixelData = Buffer.from('e07f10004f420000ffffffff', 'hex');
  const end = Buffer.from('feffdde000000000', 'hex');
  return Buffer.concat([inSyntax(header, syntax), pixelData, item(Buffer.alloc(0)), ...even.map(item), end]);
}

function deflated(plain) {
  const { offset } = locateDataSet(plain);
  const file = inSyntax(plain.subarray(0, offset), `${SYNTAX}.1.99`);
  return Buffer.concat([file, deflateRawSync(plain.subarray(offset))]);
}

/** The same file, its meta information naming another transfer syntax only. */
function inSyntax(file, syntax) {
  const { offset } = locateDataSet(Buffer.concat([file, Buffer.alloc(8, 8)]));
  const uid = Buffer.from(syntax.length % 2 ? `${syntax}\0` : syntax);
  const element = Buffer.concat([Buffer.from('020010005549', 'hex'), Buffer.from([uid.length, 0]), uid]);
  const length = Buffer.concat([Buffer.from('02000000554c0400', 'hex'), uint32(element.length)]);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), length, element, file.subarray(offset)]);
}

function uint32(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}

/** multipart/related bodies of a few parts with this boundary. */
export function multipartSeeds(boundary) {
  const part = (headers, content) => Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n${content}\r\n`, 'latin1');
  const end = Buffer.from(`--${boundary}--\r\n`);
  const dicom = 'Content-Type: application/dicom';
  const bodies = [
    [part(dicom, 'abc'), part(`${dicom}\r\nContent-Length: 3`, 'def')],
    [Buffer.from('preamble\r\n'), part(dicom, '\r\n-'.repeat(500)), part('', ''), part(dicom, `--${boundary}x`)],
    Array.from({ length: 50 }, (_, index) => part(dicom, 'x'.repeat(index * 31))),
  ];
  return bodies.map((parts) => ({ bytes: Buffer.concat([...parts, end]), fields: [] }));
}
