/**
 * Every failure that MRIMaster anticipates. Each has a `code` that clients can rely on and a message that names
 * the cure. Messages hold no patient data: they reach logs, GraphQL clients and stored rows.
 */
export class MrimasterError extends Error {
  readonly code: string = 'INTERNAL_SERVER_ERROR';
  /** Whether the same request may well succeed later, as when an archive is down. */
  readonly retryable: boolean = false;
  override get name(): string {
    return this.constructor.name;
  }
}

/** Bytes that are not a DICOM object, or one that contradicts itself. */
export class InvalidDicom extends MrimasterError {
  override readonly code = 'INVALID_DICOM';
}

/** Pixel data in an encoding that no decoder here reads. */
export class UnsupportedTransferSyntax extends MrimasterError {
  override readonly code = 'UNSUPPORTED_TRANSFER_SYNTAX';
}

/** Pixels of a kind that cannot become a grey slice (bit depth, photometric interpretation, samples). */
export class UnsupportedPixels extends MrimasterError {
  override readonly code = 'UNSUPPORTED_PIXELS';
}

/** Pixel data that is damaged or shorter than its header says. */
export class UndecodablePixels extends MrimasterError {
  override readonly code = 'UNDECODABLE_PIXELS';
}

/** Text that may identify the patient is, or may be, part of the pixels: no export cleans it. */
export class BurnedInAnnotation extends MrimasterError {
  override readonly code = 'BURNED_IN_ANNOTATION';
}

/** An object whose content no profile makes safe to give away. */
export class CannotDeidentify extends MrimasterError {
  override readonly code = 'CANNOT_DEIDENTIFY';
}

/** A file that should hold the secret of de-identification, and does not. */
export class DeidentificationKeyInvalid extends MrimasterError {
  override readonly code = 'DEIDENTIFICATION_KEY_INVALID';
}

/** Files that were received are no longer where they were kept: a volume that is not mounted, perhaps. */
export class ReceivedFilesMissing extends MrimasterError {
  override readonly code = 'RECEIVED_FILES_MISSING';
  override readonly retryable = true;
}

/** A file that this account may not read, or that the disk does not give. */
export class FileNotReadable extends MrimasterError {
  override readonly code = 'FILE_NOT_READABLE';
}

/** An option of the command line that cannot be meant. */
export class OptionInvalid extends MrimasterError {
  override readonly code = 'OPTION_INVALID';
}

export class JobNotFound extends MrimasterError {
  override readonly code = 'JOB_NOT_FOUND';
}

/** A job that waits, runs or succeeded: there is nothing to try again. */
export class JobNotFailed extends MrimasterError {
  override readonly code = 'JOB_NOT_FAILED';
}

/** What a failed job was asked to do is kept for some days only. */
export class JobForgotten extends MrimasterError {
  override readonly code = 'JOB_FORGOTTEN';
}

/** A receiver of webhooks that does not take what it is sent. */
export class WebhookUndelivered extends MrimasterError {
  override readonly code = 'WEBHOOK_UNDELIVERED';
  override readonly retryable = true;
}

/** A receiver that WEBHOOK_URL does not name, or not any more. */
export class WebhookNotConfigured extends MrimasterError {
  override readonly code = 'WEBHOOK_NOT_CONFIGURED';
}

/** Another job is at the study. */
export class StudyBusy extends MrimasterError {
  override readonly code = 'STUDY_BUSY';
  override readonly retryable = true;
}

/** A database that cannot be opened, or is not ours to use. */
export class DatabaseNotUsable extends MrimasterError {
  override readonly code = 'DATABASE_NOT_USABLE';
}

/** A database that does not answer at a start, and may in a moment: it is just starting, or has no connection to spare. */
export class DatabaseNotThere extends DatabaseNotUsable {
  override readonly retryable = true;
}

/** The archive did not answer, or said that it cannot now (5xx, 429): worth another try later. */
export class PacsUnreachable extends MrimasterError {
  override readonly code = 'PACS_UNREACHABLE';
  override readonly retryable = true;
}

/** The archive answered that we may not (401, 403): no retry helps until credentials or rights change. */
export class PacsRefused extends MrimasterError {
  override readonly code = 'PACS_REFUSED';
}

/** The archive answered with something that is not DICOMweb, or stopped in the middle of it. */
export class PacsBadAnswer extends MrimasterError {
  override readonly code = 'PACS_BAD_ANSWER';
  override readonly retryable = true;
}

/** The archive answered with another study than it was asked for; nothing of that one is kept. */
export class PacsWrongStudy extends MrimasterError {
  override readonly code = 'PACS_WRONG_STUDY';
}

/** An object is in conflict with what came first: its UID, or its study's patient. It is kept, and not used. */
export class InstanceConflict extends MrimasterError {
  override readonly code = 'INSTANCE_CONFLICT';
}

/** An uploaded file belongs to a study that is here, and says otherwise of it; it was not added. */
export class UploadConflict extends MrimasterError {
  override readonly code = 'UPLOAD_CONFLICT';
}

/** No room to keep what arrived; nothing of it was kept. */
export class StorageFull extends MrimasterError {
  override readonly code = 'STORAGE_FULL';
  override readonly retryable = true;
}

/** A model whose manifest or graph is wrong. */
export class ModelInvalid extends MrimasterError {
  override readonly code = 'MODEL_INVALID';
}

/** A thread that took the place of one that died, and has no model yet. */
export class ModelNotLoaded extends MrimasterError {
  override readonly code = 'MODEL_NOT_LOADED';
}

export class ModelNotFound extends MrimasterError {
  override readonly code = 'MODEL_NOT_FOUND';
}

/** The model that gives the answers is not where this process could load it; another process may have it. */
export class ModelNotHere extends ModelNotFound {
  override readonly retryable = true;
}

/** This process is not fit for any job: the database is a newer version's by now, or it lacks the model. */
export class NotFit extends MrimasterError {
  override readonly code = 'NOT_FIT';
  override readonly retryable = true;
}

/** More is to be computed than one query may ask for. */
export class TooManyMissing extends MrimasterError {
  override readonly code = 'TOO_MANY_MISSING';
}

/** A model cannot be put to that use. */
export class ModelStateRefused extends MrimasterError {
  override readonly code = 'MODEL_STATE_REFUSED';
}

/** A device that was demanded and cannot run the model. */
export class DeviceUnavailable extends MrimasterError {
  override readonly code = 'DEVICE_UNAVAILABLE';
}

/** A map that the model's graph does not allow. */
export class ExplanationUnavailable extends MrimasterError {
  override readonly code = 'EXPLANATION_UNAVAILABLE';
}

export class LabelNotFound extends MrimasterError {
  override readonly code = 'LABEL_NOT_FOUND';
}

export class MethodNotFound extends MrimasterError {
  override readonly code = 'METHOD_NOT_FOUND';
}

export class LayerNotFound extends MrimasterError {
  override readonly code = 'LAYER_NOT_FOUND';
}

export class StudyNotFound extends MrimasterError {
  override readonly code = 'STUDY_NOT_FOUND';
}

export class SliceNotFound extends MrimasterError {
  override readonly code = 'SLICE_NOT_FOUND';
}

export class PredictionNotFound extends MrimasterError {
  override readonly code = 'PREDICTION_NOT_FOUND';
}

/** Nothing that a reader could agree with or not: a slice that could not be read, a study without a finding. */
export class ReviewUnavailable extends MrimasterError {
  override readonly code = 'REVIEW_UNAVAILABLE';
}

/** An archive that the configuration does not name. */
export class PacsNotConfigured extends MrimasterError {
  override readonly code = 'PACS_NOT_CONFIGURED';
}

export class ExplanationNotFound extends MrimasterError {
  override readonly code = 'EXPLANATION_NOT_FOUND';
}

/** The database does not answer; the same request may succeed in a moment. */
export class DatabaseUnavailable extends MrimasterError {
  override readonly code = 'DATABASE_UNAVAILABLE';
  override readonly retryable = true;
}

const WITHHELD = {
  OTHER_PATIENT: 'objects of two patients came under its UID',
  CHANGED_PATIENT: 'it came again with another patient, and the archive does not have it so',
  ARCHIVE_DISAGREES: 'the archive has it under another patient than it came with',
  ARCHIVE_CANNOT_BE_ASKED: 'the archive does not tell whose study it is',
} as const;

/** It is not sure whose study this is, so nothing is said of it under anybody's name. */
export class WriteBackWithheld extends MrimasterError {
  override readonly code = 'WRITE_BACK_WITHHELD';
  constructor(reason: keyof typeof WITHHELD) {
    super(`The answer is withheld: ${WITHHELD[reason]}. Look at Study.conflicts, then use resolveConflicts.`);
  }
}

/** A study of which nothing is to be resolved. */
export class NoConflict extends MrimasterError {
  override readonly code = 'NO_CONFLICT';
}

/** Work that stopped because the process was asked to. */
export class Interrupted extends MrimasterError {
  override readonly code = 'INTERRUPTED';
  override readonly retryable = true;
}

/** A file that did not come as it should. */
export class UploadFailed extends MrimasterError {
  override readonly code = 'UPLOAD_FAILED';
}

/** A body that comes so slowly that it keeps a place from others. */
export class BodyTooSlow extends MrimasterError {
  override readonly code = 'BODY_TOO_SLOW';
  override readonly retryable = true;
}

/** A body whose sender went away in the middle of it. */
export class BodyCutOff extends MrimasterError {
  override readonly code = 'BODY_CUT_OFF';
  override readonly retryable = true;
}

/** So many ask for the same at once that one more would take too much memory, or too long. */
export class TooBusy extends MrimasterError {
  override readonly code = 'TOO_BUSY';
  override readonly retryable = true;
}

/** Who asks has not proved who they are. */
export class Unauthenticated extends MrimasterError {
  override readonly code = 'UNAUTHENTICATED';
}

/** Who asks is known, and may not. */
export class Forbidden extends MrimasterError {
  override readonly code = 'FORBIDDEN';
}

/** Nobody can be let in at the moment, because the provider that vouches for them does not answer. */
export class IdentityProviderUnreachable extends MrimasterError {
  override readonly code = 'IDENTITY_PROVIDER_UNREACHABLE';
  override readonly retryable = true;
}

/** One caller asks more often than is good for the others. */
export class RateLimited extends MrimasterError {
  override readonly code = 'RATE_LIMITED';
  override readonly retryable = true;
}
