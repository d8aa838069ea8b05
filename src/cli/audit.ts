import { readConfig } from '../config/config.js';
import { openDatabase } from '../database/database.js';
import { type AuditVerification, verifyAudit } from '../identity/audit.js';
import { readAuditHeads } from '../identity/auditHeads.js';
import { counted } from '../output/counted.js';
import { createLog } from '../output/log.js';
import { terminal } from '../output/terminal.js';

/**
 * `mrimaster audit verify [--known HASH]`; works beside a running server. Exits with 1 where the audit is not whole.
 */
export async function verify({ known }: { known?: string }): Promise<void> {
  const config = readConfig();
  const kept = await readAuditHeads(config.dataDir); // read before the rows, which then include what is written meanwhile
  const database = await openDatabase(config, 'tool', createLog('warn'));
  try {
    const verified = await verifyAudit(database.prisma, known, kept).catch((error) => {
      if (error.code === 'P2021') return undefined;
      throw error;
    });
    const faults = verified
      ? faultsOf(verified, known)
      : ['The audit is gone: the database has no table "AuditEntry".'];
    for (const fault of faults) terminal.log(fault);
    if (faults.length > 0 || !verified) {
      process.exitCode = 1;
      return;
    }
    terminal.log(`${counted(verified.entries, 'entry', 'entries')}, each as it was written.`);
    if (known !== undefined) terminal.log(`Entry ${verified.knownAt} has the hash that you know.`);
    if (kept.length === 0)
      terminal.log(
        `${config.dataDir} keeps no last entry: whether the end was cut off is not known. Run it where the server runs.`,
      );
    terminal.log(
      `Keep the hash of the last one elsewhere, and give it as --known next time: ${verified.head || '(none yet)'}`,
    );
  } finally {
    await database.close();
  }
}

function faultsOf({ broken, entries, knownAt, lost }: AuditVerification, known: string | undefined): string[] {
  if (broken !== null) return [`The audit is broken at entry ${broken}: it, or one before it, was changed or removed.`];
  const faults: string[] = [];
  if (lost)
    faults.push(
      `The audit had the entry ${lost.seq} on ${lost.time}, as DATA_DIR keeps it. It has ${counted(entries, 'entry', 'entries')} now, without that one: entries were cut off, or all were written anew, or an older backup was restored.`,
    );
  if (known !== undefined && knownAt === null)
    faults.push(`None of its entries has the hash ${known}: entries were cut off, or all were written anew.`);
  return faults;
}
