import type { Config } from '../config/config.js';
import type { ArchiveSettings } from '../pacs/archive.js';
import { isThisMachine } from '../pacs/dimse/mayAssociate.js';
import { type ArchiveOptions, examineArchive } from './archive.js';
import { type CheckResult, failed, skipped } from './checkResult.js';
import { settingsOf } from './setting.js';

/**
 * Examines every archive, or says why there is none. `wrong`: the settings of archives that must be corrected first,
 * or ''.
 */
export async function* examineArchives(
  config: Config | undefined,
  wrong: string,
  options: ArchiveOptions,
): AsyncGenerator<CheckResult> {
  if (wrong) yield { check: 'archives', ...skipped(`not all tried: ${wrong} must be corrected first.`) };
  if (!config) return;
  if (!wrong && config.archives.length === 0) yield { check: 'archives', ...examineNone(config) };
  for (const settings of config.archives) {
    if (isOurOwnPort(settings, config)) yield { check: 'address', archive: settings.name, ...ourOwn(settings) };
    else yield* examineArchive(settings, config, options);
  }
}

function examineNone({ writeBack }: Config) {
  if (!writeBack) return skipped('none is configured.');
  return failed(
    'WRITE_BACK_NOWHERE',
    'WRITE_BACK is on, but there is no archive to write answers to.',
    'Name the archive in PACS_URL or PACS_FILE, or set WRITE_BACK=false.',
  );
}

/** Whether an archive's address is one that we listen on ourselves. */
function isOurOwnPort(settings: ArchiveSettings, { host, port, dicom }: Config): boolean {
  const isHere = (name: string, listening: string) => name === listening || isThisMachine(name);
  if (settings.kind === 'DIMSE') return settings.port === dicom.port && isHere(settings.host, dicom.host);
  const url = new URL(settings.url);
  return Number(url.port) === port && port !== 0 && isHere(url.hostname.replace(/^\[|\]$/g, ''), host);
}

function ourOwn(settings: ArchiveSettings) {
  const setting = settingsOf(settings.name)('url');
  return failed(
    'PACS_IS_US',
    `${setting} is the address of MRIMaster itself.`,
    `Set ${setting} to the address of the archive, or give the two different ports.`,
  );
}
