import type { EvidenceCode } from '../generated/prisma/client.js';
import { counted, isOrAre } from '../output/counted.js';
import { readParameters, type StoredReason } from './parameters.js';

/** Says in a sentence or two how it is known whether every instance of a study is here. */
export function sayEvidence({ code, parameters }: StoredReason<EvidenceCode> & { code: EvidenceCode }): string {
  const { archive, count, here, aside = '0', differing = '0', unusable = '0', text } = readParameters(parameters);
  switch (code) {
    case 'IMPORTED':
      return 'Imported; no archive was asked how many instances there are.';
    case 'ARRIVED':
      return 'It came by itself; no archive was asked how many instances there are.';
    case 'NOT_FETCHED':
      return 'The archive has it; nothing was fetched yet.';
    case 'BEING_PULLED':
      return 'It is being pulled from the archive, or the pull broke off.';
    case 'COUNTED_WHEN_PULLED':
      return `The archive counted ${instances(count)} when asked once; ${here} ${isOrAre(Number(here))} here.${unusable === '0' ? '' : ` ${unusable} that it sent could not be used.`}${differing === '0' ? '' : ` ${differing} ${isOrAre(Number(differing))} in conflict with what came first, which is used.`}`;
    case 'COUNTED_TWICE':
      return `${archive} counted ${instances(count)} twice, at rest, and each is here.${aside === '0' ? '' : ` ${aside} of them ${isOrAre(Number(aside))} another patient's and ${isOrAre(Number(aside))} not used.`}`;
    case 'IN_CONFLICT':
      return `${instances(here)} came; some are in conflict with others. Nothing is proven until that is resolved.`;
    case 'NO_ARCHIVE':
      return `${instances(here)} came; no archive is configured to ask whether these are all.`;
    case 'NO_ARCHIVE_ANSWERED':
      return `${instances(here)} came; no archive told, until the deadline, how many there are.`;
    case 'ARCHIVE_DOES_NOT_COUNT':
      return `${instances(here)} came; ${archive} does not tell how many there are.`;
    case 'COUNTED_AT_DEADLINE':
      return `${archive} counted ${instances(count)} at the deadline; ${here} ${isOrAre(Number(here))} here.`;
    case 'DIFFERING_OBJECTS':
      return 'Objects that differ came under UIDs that were here. Nothing is proven until somebody resolves that.';
    case 'CONFLICTS_RESOLVED':
      return 'Conflicts were resolved; whether every instance is here is looked at again.';
    case 'WORDED':
      return text ?? '';
  }
}

function instances(count: string | undefined): string {
  return counted(Number(count), 'instance');
}
