import { ABSTENTIONS, type AbstentionReason } from '../../wording/abstentions.js';
import type { Code } from './report.js';

/** Coding scheme of our private codes. Each report declares it (PS3.3 C.12.1.1.1). */
export const PRIVATE_SCHEME = '99MRIMASTER';

const dcm = (code: string, meaning: string): Code => ({ scheme: 'DCM', code, meaning });
const sct = (code: string, meaning: string): Code => ({ scheme: 'SCT', code, meaning });
const own = (code: string, meaning: string): Code => ({ scheme: PRIVATE_SCHEME, code, meaning });

/** What our own model looks for. Reports name it as present, absent or undetermined. */
export const NEOPLASM = sct('108369006', 'Neoplasm');

/** Concept names and values of PS3.16, under their names there. */
export const CODES = {
  imagingMeasurementReport: dcm('126000', 'Imaging Measurement Report'), // CID 7021
  language: dcm('121049', 'Language of Content Item and Descendants'),
  english: { scheme: 'RFC5646', code: 'en', meaning: 'English' }, // CID 5000
  observerType: dcm('121005', 'Observer Type'),
  device: dcm('121007', 'Device'), // CID 270
  deviceObserverUid: dcm('121012', 'Device Observer UID'),
  deviceObserverName: dcm('121013', 'Device Observer Name'),
  deviceObserverManufacturer: dcm('121014', 'Device Observer Manufacturer'),
  deviceObserverModelName: dcm('121015', 'Device Observer Model Name'),
  deviceObserverSerialNumber: dcm('121016', 'Device Observer Serial Number'),
  procedureReported: dcm('121058', 'Procedure reported'),
  mri: { scheme: 'LN', code: '25056-3', meaning: 'MRI unspecified body region' }, // CID 100 has no code for the head
  brainMri: { scheme: 'LN', code: '24590-2', meaning: 'MR Brain' },
  imageLibrary: dcm('111028', 'Image Library'),
  imageLibraryGroup: dcm('126200', 'Image Library Group'),
  modality: dcm('121139', 'Modality'),
  magneticResonance: dcm('MR', 'Magnetic Resonance'), // CID 29
  targetRegion: dcm('123014', 'Target Region'),
  head: sct('69536005', 'Head'), // CID 4031
  imagingMeasurements: dcm('126010', 'Imaging Measurements'),
  measurementGroup: dcm('125007', 'Measurement Group'),
  trackingIdentifier: dcm('112039', 'Tracking Identifier'),
  trackingUniqueIdentifier: dcm('112040', 'Tracking Unique Identifier'),
  finding: dcm('121071', 'Finding'),
  findingSite: sct('363698007', 'Finding Site'),
  algorithmName: dcm('111001', 'Algorithm Name'),
  algorithmVersion: dcm('111003', 'Algorithm Version'),
  algorithmParameters: dcm('111002', 'Algorithm Parameters'),
  certaintyOfFinding: dcm('111012', 'Certainty of Finding'),
  percent: { scheme: 'UCUM', code: '%', meaning: 'Percent' },
  derivation: dcm('121401', 'Derivation'),
  mean: sct('373098007', 'Mean'), // CID 7464
  bestIllustration: dcm('121080', 'Best illustration of finding'), // CID 7003
  sourceOfMeasurement: dcm('121112', 'Source of Measurement'), // CID 7003
  qualitativeEvaluations: { scheme: 'UMLS', code: 'C0034375', meaning: 'Qualitative Evaluations' },
  findingsSummary: dcm('111017', 'CAD Processing and Findings Summary'),
  conclusion: dcm('121077', 'Conclusion'),
  comment: dcm('121106', 'Comment'),
  abstentionReason: own('ABSTENTION', 'Why no answer is given'),
  sourceImage: dcm('121322', 'Source image for image processing operation'), // CID 7202
} satisfies Record<string, Code>;

const BRAIN = sct('12738006', 'Brain'); // CID 7153
const MENINGES = sct('1231004', 'Meninges'); // CID 7153
const PITUITARY = sct('56329008', 'Pituitary'); // CID 7153
const INTRACRANIAL = sct('128319008', 'Intracranial structure'); // CID 7140

/** Anatomical site of each kind of tumour, by the tumour's SNOMED CT code. */
const SITES: Readonly<Record<string, Code>> = {
  '393564001': BRAIN, // glioma
  '302820008': MENINGES, // intracranial meningioma
  '127024001': PITUITARY, // neoplasm of pituitary gland
  '254956000': PITUITARY, // pituitary adenoma
};

/** Anatomical site of a finding. A finding without a known site gets the whole intracranial structure. */
export function findingSite({ scheme, code }: Code): Code {
  return (scheme === 'SCT' ? SITES[code] : undefined) ?? INTRACRANIAL;
}

/** Whether the finding is present, by outcome (CID 240, Present-Absent; "Not Evaluated" is of CID 3703). */
export const PRESENCE = {
  FINDING: sct('52101004', 'Present'),
  KIND_UNSURE: sct('52101004', 'Present'),
  NO_FINDING: sct('272519000', 'Absent'),
  ABSTAINED: sct('373068000', 'Undetermined'),
  FAILED: sct('373121007', 'Not Evaluated'),
} satisfies Record<string, Code>;

/** Summary of findings (CID 6047). An abstention has none: it is neither a failure nor the absence of findings. */
export const FINDINGS_SUMMARY = {
  noFindings: dcm('111241', 'All algorithms succeeded; without findings'),
  findings: dcm('111242', 'All algorithms succeeded; with findings'),
  partlyNoFindings: dcm('111243', 'Not all algorithms succeeded; without findings'),
  partlyFindings: dcm('111244', 'Not all algorithms succeeded; with findings'),
  failed: dcm('111245', 'No algorithms succeeded; without findings'),
} satisfies Record<string, Code>;

const abstention = (reason: AbstentionReason, code: string = reason): Code =>
  own(code, capitalize(ABSTENTIONS[reason].sentence));

/** Private codes of the reasons to abstain, of 16 characters at most. The keys are those of the database. */
export const ABSTENTION_REASONS: Record<AbstentionReason, Code> = {
  LOW_CONFIDENCE: abstention('LOW_CONFIDENCE'),
  OUT_OF_DISTRIBUTION: abstention('OUT_OF_DISTRIBUTION', 'OUT_OF_DISTRIB'),
  NOT_A_BRAIN_MR: abstention('NOT_A_BRAIN_MR'),
  TOO_SMALL: abstention('TOO_SMALL'),
  KINDS_DISAGREE: abstention('KINDS_DISAGREE'),
  TOO_FEW_SLICES: abstention('TOO_FEW_SLICES'),
};

/** Code of a model's label: that of its manifest, else the label itself as a private code. */
export function labelCode(label: string, codes: Readonly<Record<string, Code>> = {}): Code {
  return codes[label] ?? own(label, label.replaceAll('_', ' '));
}

function capitalize(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
