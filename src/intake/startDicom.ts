import type { Context } from '../context.js';
import { asKnown } from '../errors/asKnown.js';
import { ConfigInvalid } from '../errors/configInvalid.js';
import type { RefusedContext } from '../pacs/dimse/negotiate.js';
import { type StorageProvider, startProvider } from '../pacs/dimse/provider.js';
import type { AssociationPeer, ProviderEvent } from '../pacs/dimse/providerOptions.js';
import { isUid } from '../pacs/header/uid.js';
import type { Transfer } from '../pacs/transfers.js';
import { logTransfer } from './logTransfer.js';
import { receiveInstance } from './receiveInstance.js';

/**
 * Opens our DICOM port, which keeps and records what archives and scanners send.
 * @returns undefined where DICOM_PORT is off.
 * @throws ConfigInvalid where the port cannot be opened.
 */
export async function startDicom(context: Context): Promise<StorageProvider | undefined> {
  const { host, port, aeTitle, allowed, tls } = context.config.dicom;
  if (port === null) return undefined;
  const transfers = new Map<number, { sender: string; transfer: Transfer }>();
  const refusedContexts = new Map<number, RefusedContexts>();
  const transferOf = (association: number, sender: string) => {
    const begun = transfers.get(association) ?? { sender, transfer: context.transfers.begin() };
    transfers.set(association, begun);
    return begun.transfer;
  };
  try {
    return await startProvider({
      host,
      port,
      aeTitle,
      allowed,
      tls: tls && { ...tls, requestCert: tls.ca !== undefined },
      store: async ({ bytes, callingAeTitle, sopClassUid, sopInstanceUid, association, moveOriginatorAeTitle }) => {
        const pacs = archiveOf(context, callingAeTitle);
        const announced = { sopClassUid, sopInstanceUid };
        // A job of ours is already at the study that our own C-MOVE has sent to us.
        const asked = moveOriginatorAeTitle === aeTitle;
        const sender = `${callingAeTitle} by DICOM`;
        const transfer = asked ? null : transferOf(association, sender);
        const arrival = { door: 'C-STORE' as const, bytes, pacs, sender, transfer, asked, announced };
        await receiveInstance(context, arrival).catch((error) => {
          throw asKnown(error) ?? error; // a database that is away is a reason to send again
        });
      },
      onRefusedContexts: (association, peer, refused) => refusedContexts.set(association, { peer, refused }),
      onClose: (association) => {
        const begun = transfers.get(association);
        reportRefusedContexts(context, refusedContexts.get(association), begun?.transfer.studies());
        refusedContexts.delete(association);
        if (begun) logTransfer(context, begun.sender, begun.transfer);
        begun?.transfer.end();
        transfers.delete(association);
      },
      onEvent: (event) => report(context, event),
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new ConfigInvalid(
        `DICOM port ${port} of ${host} is taken by another program, or by another MRIMaster. Stop that one, set DICOM_PORT to another number, or to off.`,
      );
    if (code === 'EACCES')
      throw new ConfigInvalid(`This account may not listen on DICOM port ${port}. Set DICOM_PORT to 1024 or more.`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new ConfigInvalid(
        `DICOM_HOST ${host} is no address of this machine. Set it to one, or to 0.0.0.0 for all.`,
      );
    if (code?.startsWith('ERR_OSSL') || code?.startsWith('ERR_SSL'))
      throw new ConfigInvalid('DICOM_TLS_CERTIFICATE and DICOM_TLS_KEY are no pair of PEM files. Check both.');
    throw error;
  }
}

/** The name of the archive with this AE title, where exactly one has it. */
function archiveOf({ archives }: Context, callingAeTitle: string): string | null {
  const named = [...archives].filter(
    ([, { settings }]) => settings.kind === 'DIMSE' && settings.aeTitle === callingAeTitle,
  );
  return named.length === 1 ? (named[0]?.[0] ?? null) : null;
}

type RefusedContexts = { peer: AssociationPeer; refused: readonly RefusedContext[] };

/** At the end of an association, because only then its studies are known. What is refused may be why a study is not whole. */
function reportRefusedContexts({ log }: Context, refusal: RefusedContexts | undefined, studies: string[] = []): void {
  if (!refusal) return;
  const told = { ...refusal.peer, studyInstanceUids: studies };
  const services = refusal.refused
    .filter(({ result }) => result === 3)
    .map(({ abstractSyntax }) => uidOf(abstractSyntax));
  if (services.length > 0)
    log.info(
      { ...told, classes: services },
      'A DICOM association also asked for services other than storage. We offer none.',
    );
  const classes = refusal.refused
    .filter(({ result }) => result === 4)
    .map(({ abstractSyntax, transferSyntaxes }) => `${abstractSyntax} in ${transferSyntaxes.map(uidOf).join(' or ')}`);
  if (classes.length > 0)
    log.warn(
      { ...told, classes },
      'A DICOM association offered objects in transfer syntaxes that we do not take. Have the sender decompress them.',
    );
}

/** What a peer proposed, for the log: it may send anything in the place of a UID. */
function uidOf(proposed: string): string {
  return isUid(proposed) ? proposed : 'no UID';
}

function report({ log }: Context, { kind, peer, callingAeTitle, reason, error }: ProviderEvent): void {
  const code = (error as { code?: string } | undefined)?.code;
  if (kind === 'refused') log.warn({ peer, callingAeTitle }, `A DICOM association was refused: ${reason}.`);
  else if (kind === 'broken') log.info({ peer, callingAeTitle }, `A DICOM association broke off: ${reason}.`);
  else log.warn({ peer, callingAeTitle, code, ...(!code && { err: error }) }, 'An object that was sent is not kept.');
}
