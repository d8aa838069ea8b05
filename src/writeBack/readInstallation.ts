import { VERSION } from '../about.js';
import type { Context } from '../context.js';
import type { ReportingDevice } from '../pacs/report/report.js';
import { uidOfDigest } from '../pacs/write/implementation.js';

/** This installation as the reporting device. All servers at one database are one device, whatever their version. */
export async function readInstallation({ prisma }: Pick<Context, 'prisma'>): Promise<ReportingDevice> {
  const { id } = await prisma.installation.findUniqueOrThrow({ where: { only: true } });
  const digits = id.replaceAll('-', '');
  return {
    uid: uidOfDigest(digits),
    name: `MRIM-${digits.slice(0, 11).toUpperCase()}`,
    serialNumber: id,
    softwareVersion: VERSION,
  };
}
