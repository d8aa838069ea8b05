import type { DicomSettings } from '../config/dicomSettings.js';
import { Interrupted } from '../errors/errors.js';
import { startProvider } from '../pacs/dimse/provider.js';

/** Who came to our DICOM port, and how far: to an object, to a refusal, or not even to an association. */
export type PortVisitor = {
  kind: 'OBJECT' | 'REFUSED' | 'BROKEN';
  callingAeTitle: string;
  from: string;
  reason: string;
};

/** `arrived` resolves with the first of them; `seen` tells it. */
export type OpenedPort = { arrived: Promise<void>; seen(): PortVisitor | undefined; close(): Promise<void> };

/**
 * Our DICOM port for the moment, with the server's own rules of who may send. It refuses every object, so that nothing is
 * kept. undefined where the port cannot be had, as while the server runs.
 */
export async function listenForVisitor(dicom: DicomSettings): Promise<OpenedPort | undefined> {
  const { host, port, aeTitle, allowed, tls } = dicom;
  let first: PortVisitor | undefined;
  let tell = () => {};
  const arrived = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const note = (arrival: PortVisitor) => {
    first ??= arrival;
    tell();
  };
  try {
    const provider = await startProvider({
      host,
      port: port ?? 0,
      aeTitle,
      allowed,
      tls: tls && { ...tls, requestCert: tls.ca !== undefined },
      store: async () => {
        throw new Interrupted('The doctor keeps nothing.');
      },
      onEvent: ({ kind, peer, callingAeTitle = '', reason }) => {
        const kinds = { failed: 'OBJECT', refused: 'REFUSED', broken: 'BROKEN' } as const;
        const from = peer.replace(/^::ffff:/i, '');
        // A handshake that failed is refused without a title.
        note({ kind: callingAeTitle ? kinds[kind] : 'BROKEN', callingAeTitle, from, reason });
      },
    });
    return { arrived, seen: () => first, close: provider.close };
  } catch {
    return undefined;
  }
}
