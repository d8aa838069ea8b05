import dcmjsCodecs from 'dcmjs-codecs';

const { Context, NativeCodecs } = dcmjsCodecs;

/** A file of one grey image of `size` × `size` pixels, its last element the pixel data, as HTJ2K Lossless. */
export async function encodeHtj2k(file, size, bits) {
  await NativeCodecs.initializeAsync();
  const length = (size * size * bits) / 8;
  const at = file.length - length - 12;
  const context = new Context({
    width: size,
    height: size,
    bitsAllocated: bits,
    bitsStored: bits,
    samplesPerPixel: 1,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: 'MONOCHROME2',
    decodedBuffer: new Uint8Array(file.subarray(at + 12)),
  });
  const encoded = NativeCodecs.encodeHtJpeg2000(context, {}).getEncodedBuffer();
  const even = Buffer.concat([encoded, Buffer.alloc(encoded.length % 2)]);
  const item = (bytes) => Buffer.concat([Buffer.from('feff00e0', 'hex'), uint32(bytes.length), bytes]);
  const pixelData = [Buffer.from('e07f10004f420000ffffffff', 'hex'), item(Buffer.alloc(0)), item(even)];
  return Buffer.concat([
    inSyntax(file.subarray(0, at), '1.2.840.10008.1.2.4.201'),
    ...pixelData,
    Buffer.from('feffdde000000000', 'hex'),
  ]);
}

/** The same header, without file meta information but for the transfer syntax. */
function inSyntax(header, syntax) {
  const dataSet = 132 + 12 + header.readUInt32LE(132 + 8);
  const uid = Buffer.from(syntax.length % 2 ? `${syntax}\0` : syntax);
  const element = Buffer.concat([Buffer.from('020010005549', 'hex'), Buffer.from([uid.length, 0]), uid]);
  const length = Buffer.concat([Buffer.from('02000000554c0400', 'hex'), uint32(element.length)]);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), length, element, header.subarray(dataSet)]);
}

function uint32(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}
