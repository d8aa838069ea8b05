import type { ArchiveSettings } from '../pacs/archive.js';
import type { DicomwebClient } from '../pacs/dicomweb/client.js';
import type { Address } from './network.js';
import type { Setting } from './setting.js';

/** An archive that is spoken to over DICOMweb, as the checks of it need it. */
export type WebArchive = {
  settings: ArchiveSettings & { kind: 'DICOMWEB' };
  client: DicomwebClient;
  address: Address;
  setting: Setting;
};
