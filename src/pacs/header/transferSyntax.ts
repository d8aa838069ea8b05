/** Transfer syntaxes (PS3.6 A) that messages can name, with the decoder of each; null where this program has none. */
export const TRANSFER_SYNTAXES: Record<string, { name: string; decoder: Decoder | null }> = {
  '1.2.840.10008.1.2': { name: 'Implicit VR Little Endian', decoder: 'native' },
  '1.2.840.10008.1.2.1': { name: 'Explicit VR Little Endian', decoder: 'native' },
  '1.2.840.10008.1.2.1.98': { name: 'Encapsulated Uncompressed Explicit VR Little Endian', decoder: 'uncompressed' },
  '1.2.840.10008.1.2.1.99': { name: 'Deflated Explicit VR Little Endian', decoder: 'native' },
  '1.2.840.10008.1.2.2': { name: 'Explicit VR Big Endian', decoder: 'native' },
  '1.2.840.10008.1.2.5': { name: 'RLE Lossless', decoder: 'rle' },
  '1.2.840.10008.1.2.4.50': { name: 'JPEG Baseline (Process 1)', decoder: 'jpeg' },
  '1.2.840.10008.1.2.4.51': { name: 'JPEG Extended (Process 2 and 4)', decoder: 'jpeg' },
  '1.2.840.10008.1.2.4.57': { name: 'JPEG Lossless (Process 14)', decoder: 'jpeg' },
  '1.2.840.10008.1.2.4.70': { name: 'JPEG Lossless SV1 (Process 14)', decoder: 'jpeg' },
  '1.2.840.10008.1.2.4.80': { name: 'JPEG-LS Lossless', decoder: 'jpegls' },
  '1.2.840.10008.1.2.4.81': { name: 'JPEG-LS Near-Lossless', decoder: 'jpegls' },
  '1.2.840.10008.1.2.4.90': { name: 'JPEG 2000 Lossless', decoder: 'jpeg2000' },
  '1.2.840.10008.1.2.4.91': { name: 'JPEG 2000', decoder: 'jpeg2000' },
  '1.2.840.10008.1.2.4.201': { name: 'HTJ2K Lossless', decoder: 'htj2k' },
  '1.2.840.10008.1.2.4.202': { name: 'HTJ2K Lossless RPCL', decoder: 'htj2k' },
  '1.2.840.10008.1.2.4.203': { name: 'HTJ2K', decoder: 'htj2k' },
  '1.2.840.10008.1.2.8.1': { name: 'Deflated Image Frame Compression', decoder: 'deflate' },
  '1.2.840.10008.1.2.4.92': { name: 'JPEG 2000 Part 2 Lossless', decoder: null },
  '1.2.840.10008.1.2.4.93': { name: 'JPEG 2000 Part 2', decoder: null },
  '1.2.840.10008.1.2.4.94': { name: 'JPIP Referenced', decoder: null },
  '1.2.840.10008.1.2.4.95': { name: 'JPIP Referenced Deflate', decoder: null },
  '1.2.840.10008.1.2.4.100': { name: 'MPEG2 Main Profile / Main Level', decoder: null },
  '1.2.840.10008.1.2.4.101': { name: 'MPEG2 Main Profile / High Level', decoder: null },
  '1.2.840.10008.1.2.4.102': { name: 'MPEG-4 AVC/H.264 High Profile', decoder: null },
  '1.2.840.10008.1.2.4.103': { name: 'MPEG-4 AVC/H.264 BD-compatible', decoder: null },
  '1.2.840.10008.1.2.4.107': { name: 'HEVC/H.265 Main Profile', decoder: null },
  '1.2.840.10008.1.2.4.108': { name: 'HEVC/H.265 Main 10 Profile', decoder: null },
  '1.2.840.10008.1.2.4.110': { name: 'JPEG XL Lossless', decoder: null },
  '1.2.840.10008.1.2.4.111': { name: 'JPEG XL JPEG Recompression', decoder: null },
  '1.2.840.10008.1.2.4.112': { name: 'JPEG XL', decoder: null },
};

/** The decoder of a transfer syntax; see pixels/decode.ts. */
export type Decoder = 'native' | 'uncompressed' | 'deflate' | 'rle' | 'jpeg' | 'jpegls' | 'jpeg2000' | 'htj2k';

export const IMPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2';
export const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
export const DEFLATED_LITTLE_ENDIAN = '1.2.840.10008.1.2.1.99';
export const EXPLICIT_BIG_ENDIAN = '1.2.840.10008.1.2.2';

/** A transfer syntax for messages: "JPEG XL (1.2.840.10008.1.2.4.112)". */
export function describeTransferSyntax(uid: string): string {
  const known = Object.hasOwn(TRANSFER_SYNTAXES, uid) ? TRANSFER_SYNTAXES[uid] : undefined;
  return known ? `${known.name} (${uid})` : uid;
}

/** The names of the transfer syntaxes that can be decoded, for messages. */
export function supportedTransferSyntaxes(): string {
  return Object.values(TRANSFER_SYNTAXES)
    .filter((syntax) => syntax.decoder !== null)
    .map((syntax) => syntax.name)
    .join(', ');
}
