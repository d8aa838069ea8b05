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

/** A readable DICOM object that is another one than the sender announced, or than we asked for. */
export class InstanceMismatch extends InvalidDicom {}

/** Pixel data in an encoding that we have no decoder for. */
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

/** Pixels that show, or may show, text that identifies the patient. No export can remove it. */
export class BurnedInAnnotation extends MrimasterError {
  override readonly code = 'BURNED_IN_ANNOTATION';
}

/** An object that cannot be de-identified: no profile covers its content. */
export class CannotDeidentify extends MrimasterError {
  override readonly code = 'CANNOT_DEIDENTIFY';
}

/** A file that should hold the key of de-identification, and does not. */
export class DeidentificationKeyInvalid extends MrimasterError {
  override readonly code = 'DEIDENTIFICATION_KEY_INVALID';
}

/** Received files are no longer where they were stored, for instance because a volume is not mounted. */
export class ReceivedFilesMissing extends MrimasterError {
  override readonly code = 'RECEIVED_FILES_MISSING';
  override readonly retryable = true;
}

/** A file that this account may not read, or that the disk fails to deliver. */
export class FileNotReadable extends MrimasterError {
  override readonly code = 'FILE_NOT_READABLE';
}

/** An option of the command line with an impossible value. */
export class OptionInvalid extends MrimasterError {
  override readonly code = 'OPTION_INVALID';
}

/** An id that names no job. */
export class JobNotFound extends MrimasterError {
  override readonly code = 'JOB_NOT_FOUND';
}

/** A job that waits, runs or succeeded: there is nothing to try again. */
export class JobNotFailed extends MrimasterError {
  override readonly code = 'JOB_NOT_FAILED';
}

/** A failed job whose data the queue has deleted: it keeps them for some days only. */
export class JobForgotten extends MrimasterError {
  override readonly code = 'JOB_FORGOTTEN';
}

/** A webhook that its receiver did not accept. */
export class WebhookUndelivered extends MrimasterError {
  override readonly code = 'WEBHOOK_UNDELIVERED';
  override readonly retryable = true;
}

/** A receiver that WEBHOOK_URL does not name, or no longer names. */
export class WebhookNotConfigured extends MrimasterError {
  override readonly code = 'WEBHOOK_NOT_CONFIGURED';
}

/** Another job works on the study. */
export class StudyBusy extends MrimasterError {
  override readonly code = 'STUDY_BUSY';
  override readonly retryable = true;
}

/** A database that cannot be opened, or that we must not use. */
export class DatabaseNotUsable extends MrimasterError {
  override readonly code = 'DATABASE_NOT_USABLE';
}

/** A database that does not answer yet: it may be starting, or have no free connection. */
export class DatabaseNotThere extends DatabaseNotUsable {
  override readonly retryable = true;
}

/** The archive did not answer, or cannot answer now (5xx, 429). A later try may succeed. */
export class PacsUnreachable extends MrimasterError {
  override readonly code = 'PACS_UNREACHABLE';
  override readonly retryable = true;
}

/** The archive does not allow the request (401, 403). No retry helps until credentials or rights change. */
export class PacsRefused extends MrimasterError {
  override readonly code = 'PACS_REFUSED';
}

/** The archive's response is not DICOM, or was cut off. */
export class PacsBadAnswer extends MrimasterError {
  override readonly code = 'PACS_BAD_ANSWER';
  override readonly retryable = true;
}

/** The archive sent another study than it was asked for. Nothing of that study is kept. */
export class PacsWrongStudy extends MrimasterError {
  override readonly code = 'PACS_WRONG_STUDY';
}

/**
 * An object that conflicts with an earlier one: by its UID, or by the patient of its study. It is kept, and not used.
 */
export class InstanceConflict extends MrimasterError {
  override readonly code = 'INSTANCE_CONFLICT';
}

/** An uploaded file that contradicts the study that it belongs to. It was not added. */
export class UploadConflict extends MrimasterError {
  override readonly code = 'UPLOAD_CONFLICT';
}

/** The disk has no room for an object that arrived. Nothing of it was kept. */
export class StorageFull extends MrimasterError {
  override readonly code = 'STORAGE_FULL';
  override readonly retryable = true;
}

/** A model whose manifest or graph is faulty. */
export class ModelInvalid extends MrimasterError {
  override readonly code = 'MODEL_INVALID';
}

/** A thread that replaces one that died, and has not loaded the model yet. */
export class ModelNotLoaded extends MrimasterError {
  override readonly code = 'MODEL_NOT_LOADED';
}

/** A name or id that names no model. */
export class ModelNotFound extends MrimasterError {
  override readonly code = 'MODEL_NOT_FOUND';
}

/** This process does not have the files of the active model. Another process may have them. */
export class ModelNotHere extends ModelNotFound {
  override readonly retryable = true;
}

/** This process must not take jobs: a newer version has migrated the database, or the model is missing here. */
export class NotFit extends MrimasterError {
  override readonly code = 'NOT_FIT';
  override readonly retryable = true;
}

/** A query that asks for more new predictions than one query may. */
export class TooManyMissing extends MrimasterError {
  override readonly code = 'TOO_MANY_MISSING';
}

/** A model that cannot be given the state that was asked for. */
export class ModelStateRefused extends MrimasterError {
  override readonly code = 'MODEL_STATE_REFUSED';
}

/** The device of INFERENCE_DEVICE cannot run the model. */
export class DeviceUnavailable extends MrimasterError {
  override readonly code = 'DEVICE_UNAVAILABLE';
}

/** A map that cannot be computed from the model's graph. */
export class ExplanationUnavailable extends MrimasterError {
  override readonly code = 'EXPLANATION_UNAVAILABLE';
}

/** A label that the model does not have. */
export class LabelNotFound extends MrimasterError {
  override readonly code = 'LABEL_NOT_FOUND';
}

/** A method of explaining that does not exist. */
export class MethodNotFound extends MrimasterError {
  override readonly code = 'METHOD_NOT_FOUND';
}

/** A layer that the model does not have, or that cannot be explained. */
export class LayerNotFound extends MrimasterError {
  override readonly code = 'LAYER_NOT_FOUND';
}

/** A UID or id that names no study, here or in the archive that was asked. */
export class StudyNotFound extends MrimasterError {
  override readonly code = 'STUDY_NOT_FOUND';
}

/** An id, or a UID and frame number, that names no slice. */
export class SliceNotFound extends MrimasterError {
  override readonly code = 'SLICE_NOT_FOUND';
}

/** An id that names no prediction. */
export class PredictionNotFound extends MrimasterError {
  override readonly code = 'PREDICTION_NOT_FOUND';
}

/** A review of something without an answer: a slice that could not be read, or a study without a finding. */
export class ReviewUnavailable extends MrimasterError {
  override readonly code = 'REVIEW_UNAVAILABLE';
}

/** An archive that the configuration does not name. */
export class PacsNotConfigured extends MrimasterError {
  override readonly code = 'PACS_NOT_CONFIGURED';
}

/** An id that names no explanation. */
export class ExplanationNotFound extends MrimasterError {
  override readonly code = 'EXPLANATION_NOT_FOUND';
}

/** The database does not answer. The same request may succeed in a moment. */
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

/** An answer that is withheld: it is not certain whose study this is. */
export class WriteBackWithheld extends MrimasterError {
  override readonly code = 'WRITE_BACK_WITHHELD';
  constructor(reason: keyof typeof WITHHELD) {
    super(`The answer is withheld: ${WITHHELD[reason]}. Look at Study.conflicts, then use resolveConflicts.`);
  }
}

/** A study without conflicts to resolve. */
export class NoConflict extends MrimasterError {
  override readonly code = 'NO_CONFLICT';
}

/** Work that was stopped because the process was asked to end. */
export class Interrupted extends MrimasterError {
  override readonly code = 'INTERRUPTED';
  override readonly retryable = true;
}

/** An upload that was faulty or broke off. */
export class UploadFailed extends MrimasterError {
  override readonly code = 'UPLOAD_FAILED';
}

/** A request body that comes so slowly that it keeps others waiting. */
export class BodyTooSlow extends MrimasterError {
  override readonly code = 'BODY_TOO_SLOW';
  override readonly retryable = true;
}

/** A request body whose sender broke off. */
export class BodyCutOff extends MrimasterError {
  override readonly code = 'BODY_CUT_OFF';
  override readonly retryable = true;
}

/** Too many callers ask for the same at once: one more would take too much memory, or too long. */
export class TooBusy extends MrimasterError {
  override readonly code = 'TOO_BUSY';
  override readonly retryable = true;
}

/** The caller has not proved who they are. */
export class Unauthenticated extends MrimasterError {
  override readonly code = 'UNAUTHENTICATED';
}

/** The caller is known, but lacks the right. */
export class Forbidden extends MrimasterError {
  override readonly code = 'FORBIDDEN';
}

/** Callers cannot be authenticated at the moment: the OpenID provider does not answer. */
export class IdentityProviderUnreachable extends MrimasterError {
  override readonly code = 'IDENTITY_PROVIDER_UNREACHABLE';
  override readonly retryable = true;
}

/** A caller that has made more requests in a minute than it may. */
export class RateLimited extends MrimasterError {
  override readonly code = 'RATE_LIMITED';
  override readonly retryable = true;
}
