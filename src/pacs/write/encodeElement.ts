/** How a data set is encoded (PS3.5 7.1, 7.3). */
export type Encoding = { explicit: boolean; bigEndian: boolean };

/** VRs whose lengths have two bytes (PS3.5 7.1.2). The lengths of all others, future ones included, have four. */
const SHORT_VRS = new Set('AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' '));

/** Whether an explicit element of this VR has a length of two bytes. */
export function isShortVr(vr: string): boolean {
  return SHORT_VRS.has(vr);
}

/** Encodes the header of an element whose value has `length` bytes (PS3.5 7.1). `vr` is written in explicit VR only. */
export function encodeHeader(tag: number, vr: string, length: number, { explicit, bigEndian }: Encoding): Uint8Array {
  const long = explicit && !isShortVr(vr);
  const bytes = new Uint8Array(long ? 12 : 8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, tag >>> 16, !bigEndian);
  view.setUint16(2, tag & 0xffff, !bigEndian);
  if (explicit) bytes.set(Buffer.from(vr, 'latin1'), 4);
  if (explicit && !long) view.setUint16(6, length, !bigEndian);
  else view.setUint32(long ? 8 : 4, length, !bigEndian);
  return bytes;
}

/** Encodes an element, padded to even length: UIDs and bytes with zero, text with a blank (PS3.5 6.2). */
export function encodeElement(tag: number, vr: string, value: string | Uint8Array, encoding: Encoding): Uint8Array {
  const content = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  const padding = content.length % 2 === 0 ? '' : vr === 'UI' || typeof value !== 'string' ? '\0' : ' ';
  const header = encodeHeader(tag, vr, content.length + padding.length, encoding);
  return Buffer.concat([header, content, Buffer.from(padding, 'latin1')]);
}

/** Encodes the header of an item of `length` bytes, which never has a VR (PS3.5 7.5). */
export function encodeItemHeader(length: number, { bigEndian }: Encoding): Uint8Array {
  return encodeHeader(0xfffee000, '', length, { explicit: false, bigEndian });
}
