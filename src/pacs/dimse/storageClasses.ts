/** Prefix of the standard storage SOP classes (PS3.4 B.5), retired ones included. */
const STANDARD = '1.2.840.10008.5.1.4.1.1.';
/** Services that have the same prefix and store nothing: the query and retrieval of protocol approvals (PS3.4 II). */
const NO_STORAGE = new Set(['200.4', '200.5', '200.6'].map((suffix) => STANDARD + suffix));
/** Standard storage SOP classes with other prefixes (PS3.4 B.5 and GG.3), retired ones included. */
const OTHERS = new Set(
  [
    '5.1.1.27', // Stored Print
    '5.1.1.29', // Hardcopy Grayscale Image
    '5.1.1.30', // Hardcopy Color Image
    '5.1.4.34.1', // RT Beams Delivery Instruction, trial
    '5.1.4.34.7', // RT Beams Delivery Instruction
    '5.1.4.34.10', // RT Brachy Application Setup Delivery Instruction
    '5.1.4.38.1', // Hanging Protocol
    '5.1.4.39.1', // Color Palette
    '5.1.4.43.1', // Generic Implant Template
    '5.1.4.44.1', // Implant Assembly Template
    '5.1.4.45.1', // Implant Template Group
  ].map((suffix) => `1.2.840.10008.${suffix}`),
);
/** Root of all UIDs that the DICOM standard gives out (PS3.6 A). */
const DICOM = '1.2.840.10008.';

/**
 * Whether an abstract syntax is taken for a storage SOP class: every standard one, and every private one. What a private class
 * is for cannot be known; where it is no storage, its requests are answered with "unrecognized operation". To refuse it would
 * cost the sender the whole study: Orthanc, for one, sends nothing then.
 */
export function isStorageClass(abstractSyntax: string): boolean {
  if (abstractSyntax.startsWith(STANDARD)) return !NO_STORAGE.has(abstractSyntax);
  if (abstractSyntax.startsWith(DICOM)) return OTHERS.has(abstractSyntax);
  return /^[0-9][0-9.]{2,63}$/.test(abstractSyntax);
}

/**
 * Storage SOP classes (PS3.4 B.5) that a study with a brain MR may hold. C-GET must propose each, in at most 128
 * contexts.
 */
export const STORAGE_CLASSES = [
  '4', // MR Image
  '4.1', // Enhanced MR Image
  '4.2', // MR Spectroscopy
  '4.3', // Enhanced MR Color Image
  '4.4', // Legacy Converted Enhanced MR Image
  '1', // Computed Radiography Image
  '1.1', // Digital X-Ray Image, for presentation
  '2', // CT Image
  '2.1', // Enhanced CT Image
  '2.2', // Legacy Converted Enhanced CT Image
  '3.1', // Ultrasound Multi-frame Image
  '6.1', // Ultrasound Image
  '7', // Secondary Capture Image
  '7.1', // Multi-frame Single Bit Secondary Capture Image
  '7.2', // Multi-frame Grayscale Byte Secondary Capture Image
  '7.3', // Multi-frame Grayscale Word Secondary Capture Image
  '7.4', // Multi-frame True Color Secondary Capture Image
  '11.1', // Grayscale Softcopy Presentation State
  '11.2', // Color Softcopy Presentation State
  '11.4', // Blending Softcopy Presentation State
  '12.1', // X-Ray Angiographic Image
  '20', // Nuclear Medicine Image
  '30', // Parametric Map
  '66', // Raw Data
  '66.1', // Spatial Registration
  '66.2', // Spatial Fiducials
  '66.3', // Deformable Spatial Registration
  '66.4', // Segmentation
  '66.5', // Surface Segmentation
  '66.6', // Tractography Results
  '67', // Real World Value Mapping
  '88.11', // Basic Text SR
  '88.22', // Enhanced SR
  '88.33', // Comprehensive SR
  '88.34', // Comprehensive 3D SR
  '88.59', // Key Object Selection Document
  '104.1', // Encapsulated PDF
  '128', // Positron Emission Tomography Image
  '128.1', // Legacy Converted Enhanced PET Image
  '130', // Enhanced PET Image
  '481.2', // RT Dose
  '481.3', // RT Structure Set
].map((suffix) => STANDARD + suffix);
