import { DEFAULT_ARCHIVE } from '../config/archiveSettings.js';

type ArchiveSettingKey = 'url' | 'username' | 'password' | 'token' | 'ca' | 'certificate' | 'key' | 'retrieve';

/** Names one of an archive's settings as people find it: "PACS_CA", or '"ca" of "main" in PACS_FILE'. */
export type Setting = (key: ArchiveSettingKey) => string;

/** @param archive its name: that of PACS_URL is "default". */
export function settingsOf(archive: string): Setting {
  return (key) => (archive === DEFAULT_ARCHIVE ? `PACS_${key.toUpperCase()}` : `"${key}" of "${archive}" in PACS_FILE`);
}
