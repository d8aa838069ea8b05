import { InvalidDicom, MrimasterError, StorageFull } from '../../errors/errors.js';

/** PS3.7 C, and PS3.4 B.2.3 for C-STORE. */
export const STATUS = {
  SUCCESS: 0x0000,
  PROCESSING_FAILURE: 0x0110,
  MISSING_ATTRIBUTE: 0x0120,
  UNRECOGNIZED_OPERATION: 0x0211,
  OUT_OF_RESOURCES: 0xa700,
  CANNOT_UNDERSTAND: 0xc000,
} as const;

/** What a sender is told: A700 where the same object may be kept later, Cxxx where it never will be. */
export function failureStatus(error: unknown): number {
  if (error instanceof InvalidDicom) return STATUS.CANNOT_UNDERSTAND;
  if (error instanceof StorageFull) return STATUS.OUT_OF_RESOURCES;
  if (error instanceof MrimasterError && error.retryable) return STATUS.OUT_OF_RESOURCES;
  return STATUS.PROCESSING_FAILURE;
}

/** How a status class is to be taken (PS3.7 C.1–C.5). */
export function statusClass(status: number): 'success' | 'warning' | 'pending' | 'cancel' | 'failure' {
  if (status === 0) return 'success';
  if (status === 0xff00 || status === 0xff01) return 'pending';
  if (status === 0xfe00) return 'cancel';
  if (status === 0x0001 || status === 0x0107 || status === 0x0116 || (status & 0xf000) === 0xb000) return 'warning';
  return 'failure';
}

/** Whether the same request may succeed in a while: no memory, no disk, too busy (PS3.4 B.2.3, C.4). */
export function isBusy(status: number): boolean {
  return (status & 0xff00) === 0xa700;
}
