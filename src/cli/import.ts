import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../config.js';
import { type Context, openContext } from '../context.js';
import type { Job } from '../generated/prisma/client.js';
import { type Imported, importFiles } from '../importFiles.js';
import { INTENDED_USE } from '../intendedUse.js';
import { createLog } from '../log.js';
import { closeOnSignal } from '../main.js';
import { enqueueStudy, studyHandlers } from '../studyJobs.js';
import { percent, progressBar } from './text.js';

const POLL_MS = 250;

/** `mrimaster import FOLDER` */
export async function importFolder(folder: string, { classify }: { classify: boolean }): Promise<void> {
  const config = readConfig();
  const log = createLog('warn');
  const context = await openContext(config, 'tool', log);
  const closed = closeOnSignal(context.close, log);
  await Promise.race([work(context, folder, classify).finally(context.close), closed]);
}

async function work(context: Context, folder: string, classify: boolean): Promise<void> {
  const imported = await importFiles(context, folder, showCount);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  report(imported);
  if (classify) await classifyImported(context, imported.studyInstanceUids);
}

function showCount({ received, duplicates }: Readonly<Imported>): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${received + duplicates} files`);
}

function report({ studyInstanceUids, received, duplicates, conflicts, skipped, refused }: Imported): void {
  console.log(
    `${received} DICOM files of ${studyInstanceUids.length} studies imported, ${duplicates} were here before, ${skipped} other files passed over.`,
  );
  for (const file of conflicts)
    console.error(`Kept, but not used: ${file} has the SOPInstanceUID of another file that was here first.`);
  for (const { file, reason } of refused) console.error(`Refused: ${file}: ${reason}`);
  if (refused.length > 0 || received + duplicates === 0) process.exitCode = 1;
  if (received + duplicates === 0) console.error('No DICOM file was found there.');
}

/** Works in this process beside a server's, if one runs: the queue gives each study to one of them. */
async function classifyImported(context: Context, studyInstanceUids: string[]): Promise<void> {
  await context.queue.work(studyHandlers(context));
  for (const studyInstanceUid of studyInstanceUids) {
    const { id } = await enqueueStudy(context, { studyInstanceUid });
    const job = await finish(context, id);
    if (job.status === 'FAILED') {
      console.error(`${studyInstanceUid}: ${job.error}`);
      process.exitCode = 1;
    } else await printAnswer(context, studyInstanceUid);
  }
  console.log(`${INTENDED_USE}.`);
}

async function finish({ prisma }: Context, id: string): Promise<Job> {
  const bar = progressBar('Classifying');
  for (;;) {
    const job = await prisma.job.findUniqueOrThrow({ where: { id } });
    bar.update(job.progress);
    if (job.status === 'SUCCEEDED' || job.status === 'FAILED') {
      bar.stop();
      return job;
    }
    await sleep(POLL_MS);
  }
}

async function printAnswer({ prisma, model }: Context, studyInstanceUid: string): Promise<void> {
  const study = await prisma.study.findUniqueOrThrow({
    where: { studyInstanceUid },
    include: { series: true, findings: { where: { modelId: model.id } } },
  });
  console.log(`\nStudy ${studyInstanceUid}: ${study.status}`);
  for (const { description, eligible, eligibilityReason } of study.series)
    console.log(`  ${eligible ? 'classified ' : 'passed over'}  ${description ?? 'series'}: ${eligibilityReason}`);
  for (const { abstained, confidence, label } of study.findings)
    console.log(abstained ? `  Answer: abstains (best guess ${label})` : `  Answer: ${label}, ${percent(confidence)}`);
}
