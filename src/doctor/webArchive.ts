import type { ArchiveSettings } from '../pacs/archive.js';
import type { DicomwebClient } from '../pacs/dicomweb/client.js';
import type { Address } from './network.js';
import type { Setting } from './setting.js';

/** An archive that speaks DICOMweb, with what its checks need. */
export type WebArchive = {
  settings: ArchiveSettings & { kind: 'DICOMWEB' };
  client: DicomwebClient;
  address: Address;
  setting: Setting;
};
