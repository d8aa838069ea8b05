import { readConfig } from '../config.js';
import { openDatabase } from '../database.js';
import { verifyAudit } from '../identity/audit.js';
import { createLog } from '../log.js';

/** `mrimaster audit verify [--known HASH]`; works beside a running server. Exits with 1 where the chain is broken. */
export async function verify({ known }: { known?: string }): Promise<void> {
  const database = await openDatabase(readConfig(), 'tool', createLog('warn'));
  try {
    const { broken, entries, head, knownAt } = await verifyAudit(database.prisma, known);
    if (broken !== null) {
      console.log(`The audit is broken at entry ${broken}: it, or one before it, was changed or removed.`);
      process.exitCode = 1;
      return;
    }
    console.log(`${entries} entries, each as it was written.`);
    if (known !== undefined && knownAt === null) {
      console.log(`None of them has the hash ${known}: entries were cut off, or all were written anew.`);
      process.exitCode = 1;
    } else if (known !== undefined) console.log(`Entry ${knownAt} has the hash that you know.`);
    console.log(`Keep the hash of the last one elsewhere, and give it as --known next time: ${head || '(none yet)'}`);
  } finally {
    await database.close();
  }
}
