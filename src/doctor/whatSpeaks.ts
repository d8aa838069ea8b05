import { setTimeout as sleep } from 'node:timers/promises';
import { VERIFICATION } from '../pacs/dimse/negotiate.js';
import { writePdu } from '../pacs/dimse/pdu.js';
import { IMPLICIT_LITTLE_ENDIAN } from '../pacs/header/transferSyntax.js';
import { type Address, openSocket } from './network.js';

/** A protocol that a port speaks. */
export type Spoken = 'TLS' | 'HTTP' | 'DICOM';

const TIMEOUT_MS = 2_000;

/**
 * Finds out which protocol a port speaks that did not respond as it should; undefined where it speaks none of these.
 */
export async function whatSpeaks(address: Address): Promise<Spoken | undefined> {
  const [tls, http, dicom] = await Promise.all([
    speaksTls(address),
    firstBytes(address, Buffer.from(`GET / HTTP/1.1\r\nHost: ${address.host}\r\nConnection: close\r\n\r\n`)),
    firstBytes(address, associateRequest()),
  ]);
  if (tls) return 'TLS';
  if (http?.toString('latin1', 0, 5) === 'HTTP/') return 'HTTP';
  // PS3.8 9.3.1: an A-ASSOCIATE-AC, an A-ASSOCIATE-RJ or an A-ABORT
  return dicom && [2, 3, 7].includes(dicom[0] as number) && dicom[1] === 0 ? 'DICOM' : undefined;
}

async function speaksTls(address: Address): Promise<boolean> {
  try {
    const opened = openSocket(address, { rejectUnauthorized: false }); // no data is sent over it
    opened.then((socket) => socket.destroy()).catch(() => {});
    return (await Promise.race([opened, sleep(TIMEOUT_MS, undefined, { ref: false })])) !== undefined;
  } catch (error) {
    return /ALERT/.test((error as NodeJS.ErrnoException).code ?? ''); // a refusal by TLS
  }
}

async function firstBytes(address: Address, message: Buffer): Promise<Buffer | undefined> {
  const socket = await openSocket(address).catch(() => undefined);
  if (!socket) return undefined;
  const reply = new Promise<Buffer | undefined>((resolve) => {
    socket.once('data', resolve).once('close', () => resolve(undefined));
  });
  socket.write(message);
  const first = await Promise.race([reply, sleep(TIMEOUT_MS, undefined, { ref: false })]);
  socket.destroy();
  return first;
}

function associateRequest(): Buffer {
  const contexts = [{ id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_LITTLE_ENDIAN] }];
  const titles = { calledAeTitle: 'ANY-SCP', callingAeTitle: 'ANY-SCU' };
  return writePdu({ type: 'ASSOCIATE_RQ', ...titles, contexts, maxPduLength: 16_384, roles: [] });
}
