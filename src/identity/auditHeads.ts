import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { Log } from '../output/log.js';

/** The last entry of the audit at `time`: its number and its hash, which depends on all entries before. */
export type AuditHead = { time: string; seq: string; hash: string };

/** File of heads, append only: the last entry at each start, at each stop and once a day. */
const HEADS_FILE = 'audit-heads.jsonl';
/** File with the latest head, so that entries since the last line of HEADS_FILE cannot be cut off unnoticed. */
const LATEST_FILE = 'audit-head.json';
const DAY_MS = 24 * 3600 * 1000;
const LATEST_EVERY_MS = 1_000;

export type AuditHeads = {
  /** Keeps the number and hash of what is now the audit's last entry, soon and without waiting. */
  note(seq: bigint, hash: string): void;
  close(): Promise<void>;
};

/**
 * Keeps the audit's last entry in `dataDir`, outside the database. Somebody who cuts off the audit's end or empties it
 * would have to change both places. Logs an error if the audit lacks a kept entry already.
 */
export async function keepAuditHeads(prisma: PrismaClient, dataDir: string, log: Log): Promise<AuditHeads> {
  await mkdir(dataDir, { recursive: true });
  const kept = await readAuditHeads(dataDir);
  if (!(await holdsAll(prisma, kept)))
    log.error(
      'The audit lacks entries that it had, or has others in their place. Run `mrimaster audit verify`; docs/authorization.md says more.',
    );
  const append = (head: AuditHead) =>
    appendFile(join(dataDir, HEADS_FILE), `${JSON.stringify(head)}\n`, { mode: 0o600, flush: true });
  const before = kept.at(-1);
  if (before) await append(before); // the latest head of a process that was killed, before it is replaced
  let latest: AuditHead | undefined;
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
      if (latest) await replace(join(dataDir, LATEST_FILE), `${JSON.stringify(latest)}\n`);
    });
  const record = () =>
    inTurn(async () => {
      const row = await prisma.auditEntry.findFirst({ orderBy: { seq: 'desc' }, select: { seq: true, hash: true } });
      const head = createHead(row?.seq ?? 0n, row?.hash ?? '');
      await append(head);
      if (row === null) log.info('The audit has no entry yet.');
      else
        log.info(
          { seq: head.seq, hash: head.hash },
          "The audit's last entry. Where this log is kept elsewhere, it shows later whether entries were removed.",
        );
    });
  await record();
  const daily = setInterval(record, DAY_MS).unref();
  return {
    note: (seq, hash) => {
      latest = createHead(seq, hash);
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

/** Reads the heads kept in `dataDir`, the oldest first. Leaves out lines that were cut off while they were written. */
export async function readAuditHeads(dataDir: string): Promise<AuditHead[]> {
  const texts = await Promise.all(
    [HEADS_FILE, LATEST_FILE].map((name) => readFile(join(dataDir, name), 'utf8').catch(() => '')),
  );
  return texts.flatMap((text) => text.split('\n').map(readHead)).filter((head) => head !== undefined);
}

/** Whether the audit still has an entry with the number and hash of each head. */
async function holdsAll(prisma: PrismaClient, heads: readonly AuditHead[]): Promise<boolean> {
  const seqs = [...new Set(heads.map(({ seq }) => seq))].map(BigInt);
  try {
    const rows = await prisma.auditEntry.findMany({ where: { seq: { in: seqs } }, select: { seq: true, hash: true } });
    const hashes = new Map(rows.map(({ hash, seq }) => [String(seq), hash]));
    return heads.every(({ hash, seq }) => seq === '0' || hashes.get(seq) === hash);
  } catch (error) {
    if ((error as { code?: string }).code === 'P2021') return false; // the table itself is gone
    throw error;
  }
}

const createHead = (seq: bigint, hash: string): AuditHead => ({
  time: new Date().toISOString(),
  seq: String(seq),
  hash,
});

function readHead(line: string): AuditHead | undefined {
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
