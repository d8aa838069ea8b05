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
  description: 'How far a study has come.',
  valuesConfig: {
    RECEIVING: { description: 'Instances arrive or have arrived; nothing was asked of them yet.' },
    QUEUED: { description: 'A job to classify it waits.' },
    CLASSIFYING: { description: 'A job works on it.' },
    CLASSIFIED: { description: 'Every slice of its eligible series has an answer or an abstention.' },
    PARTIAL: { description: 'Some slices failed; each says why.' },
    FAILED: { description: 'No slice could be classified, or the study could not be had; see failureCode.' },
    SKIPPED: { description: 'No series is fit to be classified; each says why.' },
  },
});
registerEnumType(CompletenessState, {
  name: 'CompletenessState',
  description: 'Whether every instance of a study is here.',
  valuesConfig: {
    PROVEN: { description: 'The archive was asked twice, at rest, and its count is here.' },
    PROVISIONAL: { description: 'Nothing is known to be missing.' },
    INCOMPLETE: { description: 'The archive has more than is here.' },
  },
});
registerEnumType(Orientation, {
  name: 'Orientation',
  description: 'The plane of the slices of a series.',
  valuesConfig: {
    AXIAL: { description: 'Across the body: from feet to head.' },
    CORONAL: { description: 'From front to back.' },
    SAGITTAL: { description: 'From side to side.' },
    OBLIQUE: { description: 'Between these.' },
  },
});
registerEnumType(PredictionStatus, {
  name: 'PredictionStatus',
  description: 'Whether a slice got an answer.',
  valuesConfig: {
    CLASSIFIED: { description: 'The model answers.' },
    ABSTAINED: {
      description: 'The model does not know well enough to answer; label and confidence are its best guess.',
    },
    FAILED: { description: 'The slice could not be read; see failureCode.' },
  },
});
registerEnumType(AbstentionReason, {
  name: 'AbstentionReason',
  description: 'Why there is no answer.',
  valuesConfig: {
    LOW_CONFIDENCE: {
      description:
        'The calibrated confidence is below the threshold of the model; of studies, that of a finding or of none.',
    },
    OUT_OF_DISTRIBUTION: { description: 'The slice is unlike what the model was made from.' },
    NOT_A_BRAIN_MR: { description: 'The slice does not show a brain by MR.' },
    TOO_SMALL: { description: 'Of studies: something is seen in too little tissue to be sure of it.' },
    KINDS_DISAGREE: {
      description: 'Of studies: a tumour is there, of which kind is not sure; see StudyFinding.kinds.',
    },
    TOO_FEW_SLICES: { description: 'Of studies: too few slices could be judged.' },
  },
});
registerEnumType(ExplanationMethod, {
  name: 'ExplanationMethod',
  description: 'How a map is computed.',
  valuesConfig: {
    GRAD_CAM: { description: 'Each channel weighted by its mean gradient; Selvaraju et al., ICCV 2017.' },
    HIRES_CAM: { description: 'Gradient times activation, place by place; Draelos and Carin, 2020.' },
    LAYER_CAM: { description: 'The same with positive gradients only; Jiang et al., IEEE TIP 2021.' },
    GRAD_CAM_PLUS_PLUS: {
      description: 'Each channel weighted by its positive gradients; Chattopadhyay et al., WACV 2018.',
    },
  },
});
registerEnumType(FaithfulnessVerdict, {
  name: 'FaithfulnessVerdict',
  description: 'Whether a map shows what the probability of its label rests on.',
  valuesConfig: {
    SUPPORTED: { description: 'The label needs the hottest part, and clearly more than equal parts elsewhere.' },
    UNSUPPORTED: { description: 'It does not: do not read the map as the reason for the answer.' },
    EMPTY: { description: 'The map is 0 everywhere: it says nothing.' },
    TOO_UNLIKELY: {
      description: 'The label has less than 5 % in this slice: there is too little to rest on anything.',
    },
  },
});
registerEnumType(ModelState, {
  name: 'ModelState',
  description: 'What a model is used for.',
  valuesConfig: {
    ACTIVE: { description: 'Its predictions are the answers.' },
    SHADOW: { description: 'It runs beside the active one; its predictions are stored, never shown as the answer.' },
    AVAILABLE: { description: 'On disk, not running.' },
  },
});
registerEnumType(JobStatus, {
  name: 'JobStatus',
  description: 'How far a job has come.',
  valuesConfig: {
    QUEUED: { description: 'It waits, for the first time or to be tried again.' },
    RUNNING: { description: 'A process works on it.' },
    SUCCEEDED: { description: 'It is done.' },
    FAILED: { description: 'Nobody tries it again; see error.' },
  },
});
registerEnumType(JobPriority, {
  name: 'JobPriority',
  description: 'The order in which waiting jobs are taken.',
  valuesConfig: {
    STAT: { description: 'Before all others.' },
    ROUTINE: { description: 'In their order; what somebody asked for before what arrived by itself.' },
    BACKLOG: { description: 'When nothing else waits.' },
  },
});

registerEnumType(WithheldReason, {
  name: 'WithheldReason',
  description: 'Why the answer of a study goes to nobody under a patient’s name.',
  valuesConfig: {
    OTHER_PATIENT: { description: 'Objects of two patients came under its StudyInstanceUID.' },
    CHANGED_PATIENT: { description: 'Objects came again with another patient, and the archive does not have them so.' },
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
  description: 'What was written of an answer.',
  valuesConfig: {
    STRUCTURED_REPORT: { description: 'Comprehensive 3D SR, PS3.16 TID 1500.' },
    SECONDARY_CAPTURE: { description: 'The key slice under its heat map, as a colour picture.' },
  },
});

registerEnumType(EligibilityCode, {
  name: 'EligibilityCode',
  description: 'Why a series is classified (ANATOMICAL, UPLOADED_PICTURE) or passed over (all others).',
  valuesConfig: {
    ANATOMICAL: { description: 'Anatomical MR of the brain. Parameters: weighting, contrast (POST), orientation.' },
    UPLOADED_PICTURE: { description: 'A picture that a person uploaded as a slice.' },
    OWN_RESULT: { description: 'A result that MRIMaster wrote.' },
    NOT_MR: { description: 'Another modality. Parameter: modality.' },
    NOT_AN_MR_IMAGE: { description: 'MR, but no object with MR images.' },
    NO_IMAGES: { description: 'Objects without images.' },
    NOT_BRAIN: { description: 'Another part of the body. Parameter: bodyPart.' },
    LOCALIZER: { description: 'A localizer, scout or survey.' },
    CALIBRATION: { description: 'A calibration or reference scan.' },
    SCREEN_CAPTURE: { description: 'A picture of a screen.' },
    DERIVED_MAP: { description: 'Computed values, not anatomy. Parameter: kind (ADC, DIFFUSION, PERFUSION ...).' },
    PHASE_IMAGE: { description: 'Phase, imaginary part or velocity.' },
    PROJECTION: { description: 'A projection, such as MIP.' },
    MOSAIC: { description: 'Several slices in one image.' },
    DIFFUSION: { description: 'Diffusion-weighted.' },
    PERFUSION: { description: 'Perfusion.' },
    FUNCTIONAL: { description: 'Functional MRI.' },
    FLOW: { description: 'Flow-encoded.' },
    TAGGING: { description: 'Tagged.' },
    SPECTROSCOPY: { description: 'Spectroscopy.' },
    SUSCEPTIBILITY_WEIGHTED: { description: 'Susceptibility-weighted.' },
    ANGIOGRAPHY: { description: 'Angiography.' },
    ECHO_PLANAR: { description: 'Echo planar: diffusion, perfusion or functional.' },
    MIXED_ORIENTATIONS: { description: 'Slices that are not parallel.' },
    TIME_SERIES: { description: 'Many images of each place. Parameters: images, places.' },
    TOO_FEW_SLICES: { description: 'Fewer slices than a series needs. Parameter: least.' },
    OTHER_WEIGHTING: { description: 'A weighting that the model is not made for. Parameters: weighting, madeFor.' },
    WORDED: { description: 'Stored before there were codes. Parameter: text.' },
  },
});
registerEnumType(IntakeCode, {
  name: 'IntakeCode',
  description: 'What decided whether an arriving study is classified.',
  valuesConfig: {
    CLASSIFIED_BY_RULE: { description: 'A rule has it classified. Parameters: rule, matches.' },
    PASSED_OVER_BY_RULE: { description: 'A rule keeps it from being classified. Parameters: rule, matches.' },
    NO_RULE: { description: 'No rule is for it, so it is not classified.' },
    UPLOADED_PICTURE: { description: 'A person uploaded it as a picture.' },
    WORDED: { description: 'Stored before there were codes. Parameter: text.' },
  },
});
registerEnumType(EvidenceCode, {
  name: 'EvidenceCode',
  description: 'How it is known whether every instance of a study is here.',
  valuesConfig: {
    IMPORTED: { description: 'It was imported, and no archive was asked.' },
    ARRIVED: { description: 'It came by itself, and no archive was asked yet.' },
    NOT_FETCHED: { description: 'An archive has it, and nothing was fetched yet.' },
    BEING_PULLED: { description: 'It is being pulled, or the pull broke off.' },
    COUNTED_WHEN_PULLED: {
      description: 'The archive counted once, before it sent. Parameters: count, here, unusable, differing.',
    },
    COUNTED_TWICE: { description: 'The archive counted twice, at rest. Parameters: archive, count, aside.' },
    IN_CONFLICT: { description: 'Objects are in conflict. Parameter: here.' },
    NO_ARCHIVE: { description: 'No archive is configured. Parameter: here.' },
    NO_ARCHIVE_ANSWERED: { description: 'No archive told until the deadline. Parameter: here.' },
    ARCHIVE_DOES_NOT_COUNT: { description: 'The archive does not tell a number. Parameters: archive, here.' },
    COUNTED_AT_DEADLINE: { description: 'The archive counted at the deadline. Parameters: archive, count, here.' },
    DIFFERING_OBJECTS: { description: 'Objects came that differ from those that were here.' },
    CONFLICTS_RESOLVED: { description: 'Conflicts were resolved, and the archive was not asked since.' },
    WORDED: { description: 'Stored before there were codes. Parameter: text.' },
  },
});
