import { OWN_MANUFACTURER } from '../series/seriesRules.js';
import type { DataSet } from '../write/writeInstance.js';
import type { WrittenObject } from './report.js';

/**
 * What all that we write has in common: it belongs to the source's patient and study, and says who made it, with what.
 * Text was decoded when the source was read, so it is in UTF-8 whatever the source was in.
 */
export function commonAttributes(object: WrittenObject) {
  const { sopInstanceUid, seriesInstanceUid, seriesNumber, instanceNumber, written, source, device, algorithm } =
    object;
  return {
    SpecificCharacterSet: 'ISO_IR 192',
    ...source.patientAndStudy,
    StudyInstanceUID: source.studyInstanceUid,
    SeriesInstanceUID: seriesInstanceUid,
    SeriesNumber: seriesNumber,
    SeriesDate: written.date,
    SeriesTime: written.time,
    SOPInstanceUID: sopInstanceUid,
    InstanceNumber: instanceNumber,
    ContentDate: written.date,
    ContentTime: written.time,
    TimezoneOffsetFromUTC: written.offset,
    Manufacturer: OWN_MANUFACTURER,
    ManufacturerModelName: OWN_MANUFACTURER,
    StationName: device.name,
    DeviceUID: device.uid,
    DeviceSerialNumber: device.serialNumber,
    SoftwareVersions: [device.softwareVersion, `${algorithm.name} ${algorithm.version}`],
  } satisfies DataSet;
}
