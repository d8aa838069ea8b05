import { InvalidDicom, MrimasterError, StorageFull } from '../../errors/errors.js';

/** Statuses of our responses (PS3.7 C, and PS3.4 B.2.3 for C-STORE). */
export const STATUS = {
  SUCCESS: 0x0000,
  PROCESSING_FAILURE: 0x0110,
  MISSING_ATTRIBUTE: 0x0120,
  UNRECOGNIZED_OPERATION: 0x0211,
  OUT_OF_RESOURCES: 0xa700,
  CANNOT_UNDERSTAND: 0xc000,
} as const;

/**
 * The status that a sender gets for an object that was not stored: A700 where a later try may succeed, Cxxx where the
 * object is not valid.
 */
export function failureStatus(error: unknown): number {
  if (error instanceof InvalidDicom) return STATUS.CANNOT_UNDERSTAND;
  if (error instanceof StorageFull) return STATUS.OUT_OF_RESOURCES;
  if (error instanceof MrimasterError && error.retryable) return STATUS.OUT_OF_RESOURCES;
  return STATUS.PROCESSING_FAILURE;
}

/** The class of a status (PS3.7 C.1–C.5). */
export function statusClass(status: number): 'success' | 'warning' | 'pending' | 'cancel' | 'failure' {
  if (status === 0) return 'success';
  if (status === 0xff00 || status === 0xff01) return 'pending';
  if (status === 0xfe00) return 'cancel';
  if (status === 0x0001 || status === 0x0107 || status === 0x0116 || (status & 0xf000) === 0xb000) return 'warning';
  return 'failure';
}

/** Whether the same request may succeed later: out of memory, disk or other resources (PS3.4 B.2.3, C.4). */
export function isBusy(status: number): boolean {
  return (status & 0xff00) === 0xa700;
}
