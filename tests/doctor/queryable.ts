import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeInstances } from '../../src/pacs/dimse/storeInstances.js';
import { listen } from '../pacs/dimse/dcmtk.js';

/** `destinationPort`: where it believes that MRIMASTER listens. */
export type Queryable = { url: string; destinationPort: number | undefined; stop(): Promise<void> };

/** A dcmqrscp "QR" that holds `paths` and can send to MRIMASTER at `destinationPort`, if any. */
export async function startQueryable(
  folder: string,
  paths: readonly string[],
  destinationPort?: number,
  options: string[] = [],
): Promise<Queryable> {
  mkdirSync(join(folder, 'kept'), { recursive: true });
  const configuration = [
    'NetworkTCPPort = 0',
    'MaxPDUSize = 16384',
    'MaxAssociations = 16',
    'HostTable BEGIN',
    destinationPort ? `us = (MRIMASTER, 127.0.0.1, ${destinationPort})` : 'other = (OTHER, 127.0.0.1, 104)',
    'HostTable END',
    'AETable BEGIN',
    `QR ${join(folder, 'kept')} RW (100, 1024mb) ANY`,
    'AETable END',
  ];
  writeFileSync(join(folder, 'qr.cfg'), `${configuration.join('\n')}\n`);
  const args = (port: number) => [...options, '-c', join(folder, 'qr.cfg'), String(port)];
  const archive = await listen('dcmqrscp', args, folder);
  const peer = { host: '127.0.0.1', port: archive.port, calledAeTitle: 'QR', callingAeTitle: 'MRIMASTER' };
  const stored = await storeInstances(peer, paths);
  if (stored.some(({ failure }) => failure)) throw new Error(archive.output());
  return { url: `dicom://QR@127.0.0.1:${archive.port}`, destinationPort, stop: archive.stop };
}
