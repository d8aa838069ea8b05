import { createHash } from 'node:crypto';
import type { AuditEntry, Prisma, PrismaClient } from '../generated/prisma/client.js';
import { ADVISORY_LOCKS } from '../process/advisoryLocks.js';
import type { AuditHead } from './auditHeads.js';

/** An entry of the audit: who (`subject`) did what (`action`) to what, from which IP address, with which outcome. */
export type Access = Pick<AuditEntry, 'subject' | 'action' | 'studyInstanceUid' | 'object' | 'address' | 'outcome'>;

/** The entry of a caller who asked for what they may not have. */
export function denied(subject: string, address: string, action = 'OPERATION'): Access {
  return { subject, action, studyInstanceUid: null, object: null, address, outcome: 'FORBIDDEN' };
}

export type Audit = {
  /** Resolves when all entries are in the database, so that no answer leaves before. Rejects if they cannot be written. */
  record(accesses: readonly Access[]): Promise<void>;
};

/** Largest number of rows in one transaction, and read at once when the chain is verified. */
const MOST_AT_ONCE = 1000;

type QueuedAccesses = { accesses: readonly Access[]; resolve(): void; reject(error: unknown): void };

/**
 * Opens the audit to be written to. Each row holds the hash of the one before, so only one transaction can append at a
 * time; requests that come together share it.
 * @param onHead called with the number and hash of the last entry after each append.
 */
export function openAudit(prisma: PrismaClient, onHead: (seq: bigint, hash: string) => void = () => {}): Audit {
  const waiting: QueuedAccesses[] = [];
  let writing = false;
  const writeAll = async () => {
    writing = true;
    while (waiting.length > 0) {
      const batch = takeBatch(waiting);
      try {
        const { seq, hash } = await append(
          prisma,
          batch.flatMap(({ accesses }) => accesses),
        );
        onHead(seq, hash);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        if (batch.length === 1) batch[0]?.reject(error);
        // An entry that cannot be written must not keep the others out, so each is appended by itself.
        else
          for (const { accesses, reject, resolve } of batch)
            await append(prisma, accesses).then(({ seq, hash }) => {
              onHead(seq, hash);
              resolve();
            }, reject);
      }
    }
    writing = false;
  };
  return {
    record: (accesses) => {
      if (accesses.length === 0) return Promise.resolve();
      return new Promise((resolve, reject) => {
        waiting.push({ accesses, resolve, reject });
        if (!writing) void writeAll();
      });
    },
  };
}

function takeBatch(waiting: QueuedAccesses[]): QueuedAccesses[] {
  const batch: QueuedAccesses[] = [];
  for (let rows = 0; waiting.length > 0 && rows < MOST_AT_ONCE; rows += batch.at(-1)?.accesses.length ?? 0)
    batch.push(waiting.shift() as QueuedAccesses);
  return batch;
}

/** @returns the number and hash of the last entry. */
async function append(prisma: PrismaClient, accesses: readonly Access[]): Promise<{ seq: bigint; hash: string }> {
  return prisma.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.audit})`;
    const last = await tx.auditEntry.findFirst({ orderBy: { seq: 'desc' } });
    let { seq, hash: previous } = last ?? { seq: 0n, hash: '' };
    const time = new Date();
    const data = accesses.map((access) => {
      seq += 1n;
      const entry = { ...storable(access), seq, time, previous };
      previous = hashEntry(entry);
      return { ...entry, hash: previous };
    });
    await insert(tx, data);
    return { seq, hash: previous };
  });
}

/** One statement of ten parameters for any number of rows, because a worklist that shows names waits for it. */
async function insert(tx: Prisma.TransactionClient, rows: readonly AuditEntry[]): Promise<void> {
  const column = <Name extends keyof AuditEntry>(name: Name) => rows.map((row) => row[name]);
  await tx.$executeRaw`
    INSERT INTO "AuditEntry" (seq, time, subject, action, "studyInstanceUid", object, address, outcome, previous, hash)
    SELECT * FROM unnest(${column('seq').map(String)}::bigint[], ${column('time')}::timestamptz[],
      ${column('subject')}::text[], ${column('action')}::text[], ${column('studyInstanceUid')}::text[],
      ${column('object')}::text[], ${column('address')}::text[], ${column('outcome')}::text[],
      ${column('previous')}::text[], ${column('hash')}::text[])`;
}

/** Replaces what PostgreSQL cannot store, NUL and lone surrogates; else the hash would not be that of the stored row. */
function storable(access: Access): Access {
  const texts = Object.entries(access).map(([name, text]) => [
    name,
    text === null ? null : Buffer.from(text).toString().replaceAll('\0', '?'),
  ]);
  return Object.fromEntries(texts) as Access;
}

/** SHA-256, in hexadecimal, of a row's number, content and the hash of the row before. */
export function hashEntry(entry: Omit<AuditEntry, 'hash'>): string {
  const { seq, time, subject, action, studyInstanceUid, object, address, outcome, previous } = entry;
  const content = [
    String(seq),
    time.toISOString(),
    subject,
    action,
    studyInstanceUid,
    object,
    address,
    outcome,
    previous,
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/**
 * `entries`: rows that are whole. `broken`: the number of the first row that was changed or follows a gap, or null. `head`:
 * the hash of the last whole row, empty without rows. `knownAt`: the number of the row with the known hash, or null.
 * `lost`: the first of the kept heads that is not in the audit any more, or null.
 */
export type AuditVerification = {
  entries: bigint;
  broken: bigint | null;
  head: string;
  knownAt: bigint | null;
  lost: AuditHead | null;
};

/**
 * Follows the chain of the audit from its first row. The chain alone does not show that its end was cut off or that all of
 * it was written anew, which anybody with write access can do. Heads that lie outside the database do.
 * @param known the hash of an entry that people kept.
 * @param kept the heads in DATA_DIR, as `readAuditHeads` reads them.
 * @throws what Prisma throws, with code P2021 where the table is gone.
 */
export async function verifyAudit(
  prisma: PrismaClient,
  known?: string,
  kept: readonly AuditHead[] = [],
): Promise<AuditVerification> {
  let [entries, previous, knownAt] = [0n, '', null as bigint | null];
  const open = new Set(kept.filter(({ seq }) => seq !== '0'));
  const verified = (broken: bigint | null) => {
    const [lost = null] = broken === null ? open : [];
    return { entries, broken, head: previous, knownAt, lost };
  };
  for (;;) {
    const rows = await prisma.auditEntry.findMany({
      where: { seq: { gt: entries } },
      orderBy: { seq: 'asc' },
      take: MOST_AT_ONCE,
    });
    for (const row of rows) {
      if (row.seq !== entries + 1n || row.previous !== previous || row.hash !== hashEntry(row))
        return verified(entries + 1n);
      entries = row.seq;
      previous = row.hash;
      if (previous === known) knownAt = entries;
      for (const head of open) if (head.seq === String(entries) && head.hash === previous) open.delete(head);
    }
    if (rows.length < MOST_AT_ONCE) return verified(null);
  }
}
