import { PacsNotConfigured } from '../errors/errors.js';
import type { Archive } from './archive.js';

/**
 * The configured archive of that name.
 * @throws PacsNotConfigured for a name that the configuration does not have.
 */
export function requireArchive({ archives }: { archives: ReadonlyMap<string, Archive> }, name: string): Archive {
  const archive = archives.get(name);
  if (archive) return archive;
  const known = [...archives.keys()].map((archiveName) => `"${archiveName}"`).join(', ');
  throw new PacsNotConfigured(
    known
      ? `There is no archive "${name}". Configured: ${known}. PACS_FILE may name others.`
      : 'No archive is configured. Set PACS_URL to its address, or PACS_FILE to a list.',
  );
}
