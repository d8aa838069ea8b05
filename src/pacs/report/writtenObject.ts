import { OWN_MANUFACTURER } from '../series/seriesRules.js';
import type { DataSet } from '../write/writeInstance.js';
import type { WrittenObject } from './report.js';

/**
 * Attributes that every written object has: the source's patient and study, and the device and model that made it.
 * Text is in UTF-8, whatever the source's character set was.
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
