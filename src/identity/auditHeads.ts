import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { Log } from '../output/log.js';

/** The last entry of the audit at some time: its number and its hash, which says all that is before it. */
export type Head = { time: string; seq: string; hash: string };

/** Append only: what was the last entry at each start, each stop and once a day. */
const RECORDED = 'audit-heads.jsonl';
/** What is the last entry, so that not even what was written since can be cut off unnoticed. */
const LATEST = 'audit-head.json';
const DAY_MS = 24 * 3600 * 1000;
const LATEST_EVERY_MS = 1_000;

export type AuditHeads = {
  /** The audit's last entry is this one by now. */
  note(seq: bigint, hash: string): void;
  close(): Promise<void>;
};

/**
 * Keeps the audit's last entry outside of the database, in `dataDir`: whoever cuts off its end, or empties it, changes one
 * place only. Tells the log at once where that has happened already.
 */
export async function keepAuditHeads(prisma: PrismaClient, dataDir: string, log: Log): Promise<AuditHeads> {
  await mkdir(dataDir, { recursive: true });
  const kept = await readAuditHeads(dataDir);
  if (!(await holdsAll(prisma, kept)))
    log.error(
      'The audit lacks entries that it had, or has others in their place. Run `mrimaster audit verify`; docs/authorization.md says more.',
    );
  const append = (head: Head) =>
    appendFile(join(dataDir, RECORDED), `${JSON.stringify(head)}\n`, { mode: 0o600, flush: true });
  const before = kept.at(-1);
  if (before) await append(before); // the latest of a process that was killed, which is about to be replaced
  let latest: Head | undefined;
  let writing: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const turn = last.then(work).catch((error) => log.warn({ err: error }, 'The head of the audit was not kept.'));
    last = turn;
    return turn;
  };
  const writeLatest = () =>
    inTurn(async () => {
      writing = undefined;
      if (latest) await replace(join(dataDir, LATEST), `${JSON.stringify(latest)}\n`);
    });
  const record = () =>
    inTurn(async () => {
      const row = await prisma.auditEntry.findFirst({ orderBy: { seq: 'desc' }, select: { seq: true, hash: true } });
      const head = asHead(row?.seq ?? 0n, row?.hash ?? '');
      await append(head);
      log.info({ seq: head.seq, hash: head.hash }, 'The last entry of the audit.'); // where logs are kept, it is, too
    });
  await record();
  const daily = setInterval(record, DAY_MS).unref();
  return {
    note: (seq, hash) => {
      latest = asHead(seq, hash);
      writing ??= setTimeout(writeLatest, LATEST_EVERY_MS);
    },
    close: async () => {
      clearInterval(daily);
      clearTimeout(writing);
      await writeLatest();
      await record();
    },
  };
}

/** All that was kept in `dataDir`, the oldest first; lines that were cut off while they were written are left out. */
export async function readAuditHeads(dataDir: string): Promise<Head[]> {
  const texts = await Promise.all(
    [RECORDED, LATEST].map((name) => readFile(join(dataDir, name), 'utf8').catch(() => '')),
  );
  return texts.flatMap((text) => text.split('\n').map(readHead)).filter((head) => head !== undefined);
}

/** Whether the audit still holds each of `heads`, by a look at each. */
async function holdsAll(prisma: PrismaClient, heads: readonly Head[]): Promise<boolean> {
  const seqs = [...new Set(heads.map(({ seq }) => seq))].map(BigInt);
  try {
    const rows = await prisma.auditEntry.findMany({ where: { seq: { in: seqs } }, select: { seq: true, hash: true } });
    const hashes = new Map(rows.map(({ hash, seq }) => [String(seq), hash]));
    return heads.every(({ hash, seq }) => seq === '0' || hashes.get(seq) === hash);
  } catch (error) {
    if ((error as { code?: string }).code === 'P2021') return false; // no table at all
    throw error;
  }
}

const asHead = (seq: bigint, hash: string): Head => ({ time: new Date().toISOString(), seq: String(seq), hash });

function readHead(line: string): Head | undefined {
  try {
    const { hash, seq, time } = JSON.parse(line);
    return /^\d+$/.test(seq) && typeof hash === 'string' ? { time: String(time), seq, hash } : undefined;
  } catch {
    return undefined;
  }
}

async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}.part`;
  await writeFile(fresh, text, { mode: 0o600 });
  await rename(fresh, path);
}
