import { registerEnumType } from 'type-graphql';
import {
  AbstentionReason,
  CompletenessState,
  EligibilityCode,
  EvidenceCode,
  ExplanationMethod,
  IntakeCode,
  JobStatus,
  ModelState,
  Orientation,
  PredictionStatus,
  ReportKind,
  StudyStatus,
  WithheldReason,
} from '../generated/prisma/enums.js';

export const JobPriority = { STAT: 'STAT', ROUTINE: 'ROUTINE', BACKLOG: 'BACKLOG' } as const;
export type JobPriority = keyof typeof JobPriority;

export const FaithfulnessVerdict = {
  SUPPORTED: 'SUPPORTED',
  UNSUPPORTED: 'UNSUPPORTED',
  EMPTY: 'EMPTY',
  TOO_UNLIKELY: 'TOO_UNLIKELY',
} as const;
export type FaithfulnessVerdict = keyof typeof FaithfulnessVerdict;

registerEnumType(StudyStatus, {
  name: 'StudyStatus',
  description: 'The stage that a study has reached.',
  valuesConfig: {
    RECEIVING: { description: 'Instances are arriving or have arrived. Nobody has asked for a classification yet.' },
    QUEUED: { description: 'A job to classify the study is waiting.' },
    CLASSIFYING: { description: 'A job is classifying the study.' },
    CLASSIFIED: { description: 'Every slice of the eligible series has an answer or an abstention.' },
    PARTIAL: { description: 'Some slices failed. Each of them has a failureCode.' },
    FAILED: { description: 'No slice could be classified, or the study could not be retrieved. See failureCode.' },
    SKIPPED: {
      description:
        'Nothing was classified: no intake rule is for the study, a rule passes it over (see intakeReason), or no series is eligible (each has a reason).',
    },
  },
});
registerEnumType(CompletenessState, {
  name: 'CompletenessState',
  description: 'Whether every instance of a study is here.',
  valuesConfig: {
    PROVEN: { description: 'The archive was at rest, was asked twice, and every instance that it counted is here.' },
    PROVISIONAL: { description: 'No instance is known to be missing.' },
    INCOMPLETE: { description: 'The archive has instances that are not here.' },
  },
});
registerEnumType(Orientation, {
  name: 'Orientation',
  description: 'The plane of the slices of a series.',
  valuesConfig: {
    AXIAL: { description: 'Planes across the body, ordered from feet to head.' },
    CORONAL: { description: 'Planes ordered from front to back.' },
    SAGITTAL: { description: 'Planes ordered from side to side.' },
    OBLIQUE: { description: 'Planes between these.' },
  },
});
registerEnumType(PredictionStatus, {
  name: 'PredictionStatus',
  description: 'Whether a slice has an answer.',
  valuesConfig: {
    CLASSIFIED: { description: 'The model gives an answer.' },
    ABSTAINED: {
      description: 'The model is not sure enough to answer. The label and confidence are its best guess.',
    },
    FAILED: { description: 'The slice could not be read. See failureCode.' },
  },
});
registerEnumType(AbstentionReason, {
  name: 'AbstentionReason',
  description: 'Why the model gives no answer.',
  valuesConfig: {
    LOW_CONFIDENCE: {
      description:
        "The calibrated confidence is below the model's threshold. For a study it is the confidence that there is a finding, or that there is none.",
    },
    OUT_OF_DISTRIBUTION: { description: 'The slice is unlike the training data of the model.' },
    NOT_A_BRAIN_MR: { description: 'The slice does not show a brain by MR.' },
    TOO_SMALL: { description: 'Studies only: something is seen, but in too little tissue to be sure of it.' },
    KINDS_DISAGREE: {
      description: 'Studies only: there is a tumour, but its kind is not sure. See StudyFinding.kinds.',
    },
    TOO_FEW_SLICES: { description: 'Studies only: too few slices could be classified.' },
  },
});
registerEnumType(ExplanationMethod, {
  name: 'ExplanationMethod',
  description: 'The method that computes a map.',
  valuesConfig: {
    GRAD_CAM: { description: 'Weights each channel by its mean gradient; Selvaraju et al., ICCV 2017.' },
    HIRES_CAM: { description: 'Multiplies gradient and activation at each cell; Draelos and Carin, 2020.' },
    LAYER_CAM: { description: 'Like HIRES_CAM with positive gradients only; Jiang et al., IEEE TIP 2021.' },
    GRAD_CAM_PLUS_PLUS: {
      description: 'Weights each channel by its positive gradients; Chattopadhyay et al., WACV 2018.',
    },
  },
});
registerEnumType(FaithfulnessVerdict, {
  name: 'FaithfulnessVerdict',
  description: 'Whether a map shows what the probability of its label rests on.',
  valuesConfig: {
    SUPPORTED: {
      description: 'The label needs the hottest part, and clearly needs it more than equally large parts elsewhere.',
    },
    UNSUPPORTED: {
      description: 'The label does not need the hottest part. Do not read the map as the reason for the answer.',
    },
    EMPTY: { description: 'The map is 0 everywhere, so it shows nothing.' },
    TOO_UNLIKELY: {
      description: 'The label has a probability below 5 % in this slice, which is too little to rest on anything.',
    },
  },
});
registerEnumType(ModelState, {
  name: 'ModelState',
  description: 'How a model is used.',
  valuesConfig: {
    ACTIVE: { description: "The model's predictions are the answers." },
    SHADOW: {
      description: 'The model runs beside the active one. Its predictions are stored, but never shown as the answer.',
    },
    AVAILABLE: { description: 'The model is on disk and does not run.' },
  },
});
registerEnumType(JobStatus, {
  name: 'JobStatus',
  description: 'The stage that a job has reached.',
  valuesConfig: {
    QUEUED: { description: 'The job is waiting for its first or next attempt.' },
    RUNNING: { description: 'A process is working on the job.' },
    SUCCEEDED: { description: 'The job is done.' },
    FAILED: { description: 'The job failed, and is not tried again by itself. See error.' },
  },
});
registerEnumType(JobPriority, {
  name: 'JobPriority',
  description: 'The order in which waiting jobs are taken.',
  valuesConfig: {
    STAT: { description: 'Taken before all others.' },
    ROUTINE: {
      description: 'Taken in the order of queueing, with requested studies before those that arrived by themselves.',
    },
    BACKLOG: { description: 'Taken when no other job waits.' },
  },
});

registerEnumType(WithheldReason, {
  name: 'WithheldReason',
  description: 'Why the answer of a study is not given under any patient’s name.',
  valuesConfig: {
    OTHER_PATIENT: { description: 'Objects of two patients came under the StudyInstanceUID.' },
    CHANGED_PATIENT: { description: 'Objects came again with another patient, whom the archive does not confirm.' },
    ARCHIVE_DISAGREES: { description: 'The archive has the study under another patient than it came with.' },
    ARCHIVE_CANNOT_BE_ASKED: { description: 'The archive does not tell whose study it is.' },
  },
});

export {
  AbstentionReason,
  CompletenessState,
  EligibilityCode,
  EvidenceCode,
  ExplanationMethod,
  IntakeCode,
  JobStatus,
  ModelState,
  Orientation,
  PredictionStatus,
  ReportKind,
  StudyStatus,
  WithheldReason,
};

registerEnumType(ReportKind, {
  name: 'ReportKind',
  description: 'The kind of object that was written for an answer.',
  valuesConfig: {
    STRUCTURED_REPORT: { description: 'Comprehensive 3D SR by PS3.16 TID 1500.' },
    SECONDARY_CAPTURE: { description: 'Colour picture of the key slice under its heat map.' },
  },
});

registerEnumType(EligibilityCode, {
  name: 'EligibilityCode',
  description: 'Why a series is classified (ANATOMICAL, UPLOADED_PICTURE) or passed over (all others).',
  valuesConfig: {
    ANATOMICAL: {
      description: 'The series is anatomical MR of the brain. Parameters: weighting, contrast (POST), orientation.',
    },
    UPLOADED_PICTURE: { description: 'A person uploaded the picture as a slice.' },
    OWN_RESULT: { description: 'MRIMaster wrote the series as a result.' },
    NOT_MR: { description: 'The series is of another modality. Parameter: modality.' },
    NOT_AN_MR_IMAGE: { description: 'The modality is MR, but the objects are not MR images.' },
    NO_IMAGES: { description: 'The objects have no images.' },
    NOT_BRAIN: { description: 'The series shows another part of the body. Parameter: bodyPart.' },
    LOCALIZER: { description: 'The series is a localizer, scout or survey.' },
    CALIBRATION: { description: 'The series is a calibration or reference scan.' },
    SCREEN_CAPTURE: { description: 'The series is a picture of a screen.' },
    DERIVED_MAP: {
      description: 'The pixels are computed values, not anatomy. Parameter: kind (ADC, DIFFUSION, PERFUSION ...).',
    },
    PHASE_IMAGE: { description: 'The pixels are phase, imaginary part or velocity.' },
    COMPLEX_COMPONENT: {
      description: 'The pixels are the phase, real or imaginary part of the signal. Parameter: component (PHASE ...).',
    },
    PROJECTION: { description: 'The images are projections, such as MIP.' },
    MOSAIC: { description: 'One image holds several slices.' },
    DIFFUSION: { description: 'The series is diffusion-weighted.' },
    PERFUSION: { description: 'The series is a perfusion series.' },
    FUNCTIONAL: { description: 'The series is functional MRI.' },
    FLOW: { description: 'The series is flow-encoded.' },
    TAGGING: { description: 'The series is tagged.' },
    SPECTROSCOPY: { description: 'The series is spectroscopy.' },
    SUSCEPTIBILITY_WEIGHTED: { description: 'The series is susceptibility-weighted.' },
    ANGIOGRAPHY: { description: 'The series is angiography.' },
    ECHO_PLANAR: { description: 'The series is echo planar, so diffusion, perfusion or functional.' },
    MIXED_ORIENTATIONS: { description: 'The slices are not parallel.' },
    TIME_SERIES: { description: 'The series has many images of each place. Parameters: images, places.' },
    TOO_FEW_SLICES: { description: 'The series has fewer slices than it needs. Parameter: least.' },
    OTHER_WEIGHTING: { description: 'The model is not made for the weighting. Parameters: weighting, madeFor.' },
    WORDED: { description: 'The reason was stored as text, before there were codes. Parameter: text.' },
  },
});
registerEnumType(IntakeCode, {
  name: 'IntakeCode',
  description: 'Why an arriving study is classified, or not.',
  valuesConfig: {
    CLASSIFIED_BY_RULE: { description: 'An intake rule has the study classified. Parameters: rule, matches.' },
    PASSED_OVER_BY_RULE: {
      description: 'An intake rule keeps the study from being classified. Parameters: rule, matches.',
    },
    NO_RULE: { description: 'No intake rule matches the study, so it is not classified.' },
    UPLOADED_PICTURE: { description: 'A person uploaded the study as a picture.' },
    WORDED: { description: 'The reason was stored as text, before there were codes. Parameter: text.' },
  },
});
registerEnumType(EvidenceCode, {
  name: 'EvidenceCode',
  description: 'How it is known whether every instance of a study is here.',
  valuesConfig: {
    IMPORTED: { description: 'The study was imported, and no archive was asked.' },
    ARRIVED: { description: 'The study came by itself, and no archive has been asked yet.' },
    NOT_FETCHED: { description: 'An archive has the study, and nothing has been fetched yet.' },
    BEING_PULLED: { description: 'The study is being pulled, or the pull broke off.' },
    COUNTED_WHEN_PULLED: {
      description: 'The archive counted once, before it sent. Parameters: count, here, unusable, differing.',
    },
    COUNTED_TWICE: { description: 'The archive was at rest and counted twice. Parameters: archive, count, aside.' },
    IN_CONFLICT: { description: 'Objects are in conflict. Parameter: here.' },
    NO_ARCHIVE: { description: 'No archive is configured. Parameter: here.' },
    NO_ARCHIVE_ANSWERED: { description: 'No archive answered before the deadline. Parameter: here.' },
    ARCHIVE_DOES_NOT_COUNT: { description: 'The archive does not give a number. Parameters: archive, here.' },
    COUNTED_AT_DEADLINE: { description: 'The archive counted at the deadline. Parameters: archive, count, here.' },
    DIFFERING_OBJECTS: { description: 'Objects came that differ from earlier ones with the same UID.' },
    CONFLICTS_RESOLVED: { description: 'Conflicts were resolved, and the archive has not been asked since.' },
    WORDED: { description: 'The evidence was stored as text, before there were codes. Parameter: text.' },
  },
});
