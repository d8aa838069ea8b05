import '../output/muteLibraries.js';
// What the thread of offload.ts runs.
import { move } from 'piscina';
import { readPicture } from '../images/readPicture.js';
import type { StudyReport } from '../pacs/report/report.js';
import { type Overlay, writeSecondaryCapture } from '../pacs/report/writeSecondaryCapture.js';
import { writeStructuredReport } from '../pacs/report/writeStructuredReport.js';
import { answering, comeLast } from '../process/threads.js';

comeLast();

/** Answers as soon as the thread is up and free. */
export const ready = answering(async () => null);

export const picture = answering(async (bytes: Uint8Array) => {
  const read = readPicture(bytes);
  move(read.pixels); // transferred instead of copied
  return read;
});

export const structuredReport = answering(async (report: StudyReport) => writeStructuredReport(report));

export const secondaryCapture = answering(async (overlay: Overlay) => writeSecondaryCapture(overlay));
