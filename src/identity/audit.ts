import { createHash } from 'node:crypto';
import type { AuditEntry, Prisma, PrismaClient } from '../generated/prisma/client.js';
import { ADVISORY_LOCKS } from '../process/advisoryLocks.js';
import type { Head } from './auditHeads.js';

/** What is written down. */
export type Access = Pick<AuditEntry, 'subject' | 'action' | 'studyInstanceUid' | 'object' | 'address' | 'outcome'>;

/** Somebody asked for what they may not have. */
export function denied(subject: string, address: string, action = 'OPERATION'): Access {
  return { subject, action, studyInstanceUid: null, object: null, address, outcome: 'FORBIDDEN' };
}

export type Audit = {
  /** Resolves when all of it is in the database: nothing that must be known leaves before. */
  record(accesses: readonly Access[]): Promise<void>;
};

const MOST_AT_ONCE = 1000;

type Waiting = { accesses: readonly Access[]; resolve(): void; reject(error: unknown): void };

/**
 * Rows are chained one by one, so requests that come together share a transaction.
 * @param onHead told of the last entry whenever there are more.
 */
export function openAudit(prisma: PrismaClient, onHead: (seq: bigint, hash: string) => void = () => {}): Audit {
  const waiting: Waiting[] = [];
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
        // One that cannot be written spoils no other: each for itself.
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

function takeBatch(waiting: Waiting[]): Waiting[] {
  const batch: Waiting[] = [];
  for (let rows = 0; waiting.length > 0 && rows < MOST_AT_ONCE; rows += batch.at(-1)?.accesses.length ?? 0)
    batch.push(waiting.shift() as Waiting);
  return batch;
}

/** @returns the last entry by then. */
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

/** In one statement of ten parameters, whatever the number of rows: a worklist that shows names waits for this. */
async function insert(tx: Prisma.TransactionClient, rows: readonly AuditEntry[]): Promise<void> {
  const column = <Name extends keyof AuditEntry>(name: Name) => rows.map((row) => row[name]);
  await tx.$executeRaw`
    INSERT INTO "AuditEntry" (seq, time, subject, action, "studyInstanceUid", object, address, outcome, previous, hash)
    SELECT * FROM unnest(${column('seq').map(String)}::bigint[], ${column('time')}::timestamptz[],
      ${column('subject')}::text[], ${column('action')}::text[], ${column('studyInstanceUid')}::text[],
      ${column('object')}::text[], ${column('address')}::text[], ${column('outcome')}::text[],
      ${column('previous')}::text[], ${column('hash')}::text[])`;
}

/** As PostgreSQL gives it back, or the hash would not be that of the row: without NUL and halves of characters. */
function storable(access: Access): Access {
  const texts = Object.entries(access).map(([name, text]) => [
    name,
    text === null ? null : Buffer.from(text).toString().replaceAll('\0', '?'),
  ]);
  return Object.fromEntries(texts) as Access;
}

/** SHA-256, in hexadecimal, of all that a row says and of its place. */
export function hashEntry(entry: Omit<AuditEntry, 'hash'>): string {
  const { seq, time, subject, action, studyInstanceUid, object, address, outcome, previous } = entry;
  const said = [String(seq), time.toISOString(), subject, action, studyInstanceUid, object, address, outcome, previous];
  return createHash('sha256').update(JSON.stringify(said)).digest('hex');
}

/**
 * `broken`: the number of the first row that is not as it was written, or follows a gap; null where none is. `lost`: the
 * first of the heads kept elsewhere that is not in it any more.
 */
export type Verified = {
  entries: bigint;
  broken: bigint | null;
  head: string;
  knownAt: bigint | null;
  lost: Head | null;
};

/**
 * Follows the chain from its first row. Whoever can write to the database can also cut off its end, or write all of it
 * anew: `kept` heads, which lie outside of it, tell of that, and one that people kept, given as `known`.
 */
export async function verifyAudit(prisma: PrismaClient, known?: string, kept: readonly Head[] = []): Promise<Verified> {
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
