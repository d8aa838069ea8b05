/**
 * Why there is no answer, by the codes of the database. `short` stands in brackets: "No answer (confidence too low)".
 * `sentence` says the same of a study's images as a main clause without its full stop; as the meaning of a DICOM code it
 * has 64 characters at most (PS3.5 6.2, LO).
 */
export const ABSTENTIONS = {
  LOW_CONFIDENCE: {
    short: 'confidence too low',
    sentence: 'neither a finding nor its absence is probable enough',
  },
  OUT_OF_DISTRIBUTION: {
    short: 'unlike what the model was made from',
    sentence: 'the images are unlike those the model was made from',
  },
  NOT_A_BRAIN_MR: {
    short: 'not a brain MR',
    sentence: 'the images are not MR images of a brain',
  },
  TOO_SMALL: {
    short: 'seen in too little tissue to be sure',
    sentence: 'something is seen in too little tissue to be sure of it',
  },
  KINDS_DISAGREE: {
    short: 'kind not sure',
    sentence: 'something is seen, but its kind is not sure',
  },
  TOO_FEW_SLICES: {
    short: 'too few slices could be judged',
    sentence: 'too few slices could be judged',
  },
} as const;

/** A code of the database that says why there is no answer. */
export type AbstentionReason = keyof typeof ABSTENTIONS;
