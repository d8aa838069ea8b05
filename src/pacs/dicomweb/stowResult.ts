import { PacsBadAnswer, PacsRefused } from '../../errors/errors.js';
import type { DicomJson } from './dicomJson.js';
import type { SentInstance } from './stowBody.js';

/**
 * What became of one file. `warning` and `failure` give the archive's reason in hexadecimal (PS3.18 Table 10.5.3-1).
 */
export type StowResult = {
  path: string;
  sopInstanceUid: string;
  warning?: string;
  failure?: PacsRefused | PacsBadAnswer;
};

const REFERENCED_SOP_SEQUENCE = '00081199';
const FAILED_SOP_SEQUENCE = '00081198';
const REFERENCED_SOP_INSTANCE_UID = '00081155';
const FAILURE_REASON = '00081197';
const WARNING_REASON = '00081196';

/**
 * Reads a Store Instances Response (PS3.18 I.2). A file that it does not mention counts as not stored.
 * @param status the HTTP status, for the message where the body says nothing.
 */
export function readStowResult(json: unknown, sent: readonly SentInstance[], status: number): StowResult[] {
  const data = (Array.isArray(json) ? json[0] : json) as DicomJson | undefined;
  const stored = itemsByUid(data, REFERENCED_SOP_SEQUENCE);
  const failed = itemsByUid(data, FAILED_SOP_SEQUENCE);
  return sent.map(({ path, sopInstanceUid }) => {
    const result = { path, sopInstanceUid };
    const kept = stored.get(sopInstanceUid);
    if (kept) {
      const warning = reason(kept, WARNING_REASON);
      return warning ? { ...result, warning } : result;
    }
    const refused = failed.get(sopInstanceUid);
    const why = refused && reason(refused, FAILURE_REASON);
    if (why)
      return {
        ...result,
        failure: new PacsRefused(`The archive refuses the object (reason ${why}; PS3.18 10.5.3). Look at its log.`),
      };
    const answer = `The archive answered HTTP ${status} and does not say that it stored the object.`;
    return { ...result, failure: new PacsBadAnswer(`${answer} Look at its log.`) };
  });
}

function itemsByUid(data: DicomJson | undefined, sequence: string): Map<string, DicomJson> {
  const items = (data?.[sequence]?.Value ?? []) as DicomJson[];
  return new Map(items.map((item) => [String(item?.[REFERENCED_SOP_INSTANCE_UID]?.Value?.[0] ?? ''), item]));
}

function reason(item: DicomJson, tag: string): string | undefined {
  const value = item[tag]?.Value?.[0];
  return typeof value === 'number' ? value.toString(16).toUpperCase().padStart(4, '0') : undefined;
}
