// Specific Character Set (PS3.3 C.12.1.1.2) and the ISO 2022 escapes that switch between sets (PS3.5 6.1).

/**
 * Encodings of single character sets, by DICOM's defined term. The labels are those of the WHATWG Encoding Standard.
 */
const SETS: Record<string, string> = {
  'ISO_IR 6': 'utf-8',
  'ISO_IR 100': 'windows-1252',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'windows-1254',
  'ISO_IR 203': 'iso-8859-15',
  'ISO_IR 166': 'windows-874',
  'ISO_IR 13': 'shift_jis',
  'ISO_IR 149': 'euc-kr',
  'ISO_IR 58': 'gb18030',
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gb18030',
};

/**
 * Escape sequences without their ESC byte (PS3.3 tables C.12-3 and C.12-4). Sets with `pairs` put two 7-bit bytes in
 * G0.
 */
const ESCAPES: readonly { sequence: string; label: string; pairs?: 'g0' | 'supplementary' }[] = [
  { sequence: '(B', label: 'utf-8' },
  { sequence: '(J', label: 'shift_jis' },
  { sequence: ')I', label: 'shift_jis' },
  { sequence: '-A', label: 'windows-1252' },
  { sequence: '-B', label: 'iso-8859-2' },
  { sequence: '-C', label: 'iso-8859-3' },
  { sequence: '-D', label: 'iso-8859-4' },
  { sequence: '-L', label: 'iso-8859-5' },
  { sequence: '-G', label: 'iso-8859-6' },
  { sequence: '-F', label: 'iso-8859-7' },
  { sequence: '-H', label: 'iso-8859-8' },
  { sequence: '-M', label: 'windows-1254' },
  { sequence: '-b', label: 'iso-8859-15' },
  { sequence: '-T', label: 'windows-874' },
  { sequence: '$)C', label: 'euc-kr' },
  { sequence: '$)A', label: 'gb18030' },
  { sequence: '$B', label: 'euc-jp', pairs: 'g0' },
  { sequence: '$@', label: 'euc-jp', pairs: 'g0' },
  { sequence: '$(D', label: 'euc-jp', pairs: 'supplementary' },
];

const ESCAPE = 0x1b;

/**
 * Decodes a value of VR LO, LT, PN, SH, ST or UT.
 * Never fails: an unknown set, or bytes that the set does not allow, give replacement characters or Latin-1. That is
 * safe for text that is shown and never acted on.
 * @param characterSets the values of Specific Character Set (0008,0005); empty when absent.
 */
export function decodeText(bytes: Uint8Array, characterSets: readonly string[]): string {
  const first = (characterSets[0] ?? '').trim().replace(/^ISO 2022 IR /, 'ISO_IR ');
  const initial = SETS[first] ?? 'utf-8';
  if (!bytes.includes(ESCAPE)) return decodeRun(bytes, initial);
  let text = '';
  let label = initial;
  let pairs: 'g0' | 'supplementary' | undefined;
  let start = 0;
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] !== ESCAPE) continue;
    text += decodeRun(pairs ? toEucJp(bytes.subarray(start, at), pairs) : bytes.subarray(start, at), label);
    const following = String.fromCharCode(...bytes.subarray(at + 1, at + 4));
    const switched = ESCAPES.find((candidate) => following.startsWith(candidate.sequence));
    start = at + 1 + (switched?.sequence.length ?? 0);
    label = switched?.label ?? initial;
    pairs = switched?.pairs;
  }
  return text;
}

/** JIS X 0208 or 0212 pairs in the form of EUC-JP: high bits set, 0212 preceded by 0x8F. */
function toEucJp(run: Uint8Array, pairs: 'g0' | 'supplementary'): Uint8Array {
  const raised: number[] = [];
  for (let at = 0; at + 1 < run.length; at += 2) {
    if (pairs === 'supplementary') raised.push(0x8f);
    raised.push((run[at] ?? 0) | 0x80, (run[at + 1] ?? 0) | 0x80);
  }
  return Uint8Array.from(raised);
}

function decodeRun(bytes: Uint8Array, label: string): string {
  if (label !== 'utf-8') return new TextDecoder(label).decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Undeclared 8-bit text is nearly always Latin-1.
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
