import { INTENDED_USE } from '../about.js';
import { classifyStudy } from '../classify/classifyStudy.js';
import { readConfig } from '../config/config.js';
import { type Context } from '../context.js';
import { claimStudy } from '../intake/claimStudy.js';
import { type Imported, importFiles } from '../intake/importFiles.js';
import { openContext } from '../openContext.js';
import { counted } from '../output/counted.js';
import { createLog } from '../output/log.js';
import { terminal } from '../output/terminal.js';
import { awaitStopSignal } from '../process/stopSignal.js';
import { sayEligibility } from '../wording/eligibility.js';
import { isOfUnsureKind, sayFinding, sayGuess } from '../wording/sayAnswer.js';
import { progressBar } from './text.js';

/** `mrimaster import FOLDER`: exits with 1 where a file was refused, or a study failed. */
export async function importFolder(folder: string, { classify }: { classify: boolean }): Promise<void> {
  const config = readConfig();
  const log = createLog('warn');
  const { signal } = awaitStopSignal(log);
  const context = await openContext(config, 'tool', log);
  try {
    const imported = await importFiles(context, folder, showCount, signal);
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    report(imported);
    if (classify) await classifyImported(context, imported.studyInstanceUids, signal);
  } finally {
    await context.close();
  }
}

function showCount({ received, duplicates }: Readonly<Imported>): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${counted(received + duplicates, 'file')}`);
}

function report({ studyInstanceUids, received, duplicates, skipped, refused }: Imported): void {
  terminal.log(
    `${counted(received, 'DICOM file')} of ${counted(studyInstanceUids.length, 'study', 'studies')} imported, ${duplicates} ${duplicates === 1 ? 'was' : 'were'} here before, ${counted(skipped, 'other file')} passed over.`,
  );
  for (const { file, reason } of refused) terminal.error(`Refused: ${file}: ${reason}`);
  if (refused.length > 0 || received + duplicates === 0) process.exitCode = 1;
  if (received + duplicates + refused.length === 0) terminal.error('No DICOM file was found there.');
}

/** Classifies in this process, also beside a running server: the jobs of its queue are for the server. */
async function classifyImported(context: Context, studyInstanceUids: string[], signal: AbortSignal): Promise<void> {
  for (const studyInstanceUid of studyInstanceUids) {
    const bar = progressBar('Classifying');
    const report = async (fraction: number) => bar.update(fraction);
    const classify = () => classifyStudy(context, { studyInstanceUid, pacs: null, force: false }, report, signal);
    await claimStudy(context, studyInstanceUid, classify).finally(bar.stop);
    await printAnswer(context, studyInstanceUid);
  }
  terminal.log(`${INTENDED_USE}.`);
}

async function printAnswer({ models, prisma }: Context, studyInstanceUid: string): Promise<void> {
  const study = await prisma.study.findUniqueOrThrow({
    where: { studyInstanceUid },
    include: { series: true, findings: { where: { modelId: models.active.model.id } } },
  });
  const failed = study.status === 'FAILED' || study.status === 'PARTIAL';
  terminal.log(`\nStudy ${studyInstanceUid}: ${study.status}${failed ? ` (${study.failureCode})` : ''}`);
  if (failed) process.exitCode = 1;
  for (const { description, eligible, eligibilityCode: code, eligibilityParameters: parameters } of study.series)
    terminal.log(
      `  ${eligible ? 'classified ' : 'passed over'}  ${description ?? 'series'}: ${sayEligibility({ code, parameters })}`,
    );
  for (const finding of study.findings) {
    const guess = finding.abstained && !isOfUnsureKind(finding);
    terminal.log(`  Answer: ${sayFinding(finding)}${guess ? `; ${sayGuess(finding)}` : ''}`);
  }
}
