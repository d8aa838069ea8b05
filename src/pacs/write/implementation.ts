import { createHash } from 'node:crypto';

/** A UID that derives from `name`: 2.25 and 128 bits of a hash (PS3.5 B.2). The same name gives the same UID. */
export function makeUid(name: string): string {
  return uidOfDigest(createHash('sha256').update(name).digest('hex'));
}

/** A UID that derives from a hash: 2.25 and its first 128 bits. `digest`: hexadecimal, at least 32 digits. */
export function uidOfDigest(digest: string): string {
  // RFC 9562 fixes these bits in every UUID: version 8 and the variant.
  const uuid = (BigInt(`0x${digest.slice(0, 32)}`) & ~(0xf000n << 64n) & ~(3n << 62n)) | (0x8000n << 64n) | (2n << 62n);
  return `2.25.${uuid}`;
}

/** Identifies this program in the files that it writes and in associations (PS3.7 D.3.3.2). */
export const IMPLEMENTATION_CLASS_UID = makeUid('MRIMaster implementation');
export const IMPLEMENTATION_VERSION_NAME = 'MRIMASTER';
