import type { Context } from '../context.js';
import type { Transfer } from '../pacs/transfers.js';

/**
 * Writes to the log what one association or request has brought: whoever is asked whether a study came looks there
 * first. It counts the studies, as their UIDs stand for patients. One that brought nothing leaves no line.
 */
export function logTransfer({ log }: Context, sender: string, transfer: Transfer): void {
  const objects = transfer.objects();
  if (objects > 0) log.info({ sender, objects, studies: transfer.studies().length }, 'Objects came and are kept.');
}
