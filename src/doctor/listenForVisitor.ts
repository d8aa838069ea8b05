import type { DicomSettings } from '../config/dicomSettings.js';
import { Interrupted } from '../errors/errors.js';
import { startProvider } from '../pacs/dimse/provider.js';

/** A caller of our DICOM port, and how far it came: to an object, to a refusal, or not even to an association. */
export type PortVisitor = {
  kind: 'OBJECT' | 'REFUSED' | 'BROKEN';
  callingAeTitle: string;
  from: string;
  reason: string;
};

/** `visited` resolves when the first visitor comes; `visitor` returns that one. */
export type OpenedPort = { visited: Promise<void>; visitor(): PortVisitor | undefined; close(): Promise<void> };

/**
 * Opens our DICOM port for a moment, with the server's rules of who may send. It refuses every object, so nothing is
 * kept.
 * @returns undefined where the port is taken, for instance by the running server.
 */
export async function listenForVisitor(dicom: DicomSettings): Promise<OpenedPort | undefined> {
  const { host, port, aeTitle, allowed, tls } = dicom;
  let first: PortVisitor | undefined;
  let announce = () => {};
  const visited = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const note = (visitor: PortVisitor) => {
    first ??= visitor;
    announce();
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
        // A handshake that failed comes without an AE title.
        note({ kind: callingAeTitle ? kinds[kind] : 'BROKEN', callingAeTitle, from, reason });
      },
    });
    return { visited, visitor: () => first, close: provider.close };
  } catch {
    return undefined;
  }
}
