import { randomUUID } from 'node:crypto';
import { ruleFor } from '../config/intakeRules.js';
import type { Context } from '../context.js';
import { type Model as ModelRow, type Prisma, ReportKind, type Study } from '../generated/prisma/client.js';
import { WRITE_BACK } from '../queue/writeBackQueue.js';
import { describeStudy } from './describeStudy.js';
import { reportUids } from './reportUids.js';

/**
 * Queues the write-back of a study's answer, within the transaction that stores the answer: to the archives that its
 * intake rule names, and with WRITE_BACK=true to the one that it came from. What is stored there already is not sent
 * again.
 * @param after id of the job that made the answer; the write-back is as urgent as that was.
 */
export async function enqueueWriteBacks(
  context: Context,
  model: ModelRow,
  tx: Prisma.TransactionClient,
  study: Study,
  after: string | undefined,
): Promise<void> {
  const { queue, tracing } = context;
  const traceparent = tracing.traceparent();
  const { id: studyId, revision } = study;
  for (const pacs of await targets(context, study)) {
    const key = { studyId, modelId: model.id, revision, pacs };
    const uids = reportUids(study, model, revision);
    const rows = Object.values(ReportKind).map((kind) => ({ ...key, kind, sopInstanceUid: uids[kind] }));
    await tx.report.createMany({ data: rows, skipDuplicates: true });
    if ((await tx.report.count({ where: { ...key, storedAt: null } })) === 0) continue;
    const id = randomUUID();
    if (await queue.writeBacks.send(tx, id, { ...key, traceparent }, after))
      await tx.job.create({ data: { id, kind: WRITE_BACK, studyId } });
  }
}

async function targets(context: Context, study: Study): Promise<Set<string>> {
  const { archives, config } = context;
  const ruled = ruleFor(config.rules, await describeStudy(context, study))?.rule.writeBack ?? [];
  const [first] = archives.keys();
  const own = study.pacs !== null && archives.has(study.pacs) ? study.pacs : first;
  return new Set([...ruled, ...(config.writeBack && own !== undefined ? [own] : [])]);
}
