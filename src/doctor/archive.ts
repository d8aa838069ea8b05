import type { Config } from '../config/config.js';
import { type ArchiveSettings, peerOf } from '../pacs/archive.js';
import { DicomwebClient } from '../pacs/dicomweb/client.js';
import { examineAssociation, type Service } from './association.js';
import { type CheckOutcome, type CheckResult, examine, skipped } from './checkResult.js';
import { examineRetrieve, examineSearch, examineStore } from './dicomweb.js';
import { examineEcho, examineFind, examineGet } from './dimse.js';
import { examineMove, MOVE_PATIENCE_MS } from './move.js';
import { examineName, examineReach, SILENCE_MS } from './network.js';
import { type Setting, settingsOf } from './setting.js';
import { examineTls } from './tls.js';

/** One check of an archive. After one that is `needed` has failed, the later ones would only repeat that. */
type ArchiveCheck = { check: string; needed: boolean; run(): Promise<CheckOutcome>; limitMs?: number };

/** `move`: whether the archive may be asked to send us an object, which is then refused. */
export type ArchiveOptions = { now: Date; move: boolean };

/** Examines an archive from its name to its services. Each check yields a result. */
export async function* examineArchive(
  settings: ArchiveSettings,
  { dicom }: Pick<Config, 'dicom'>,
  options: ArchiveOptions,
): AsyncGenerator<CheckResult> {
  const setting = settingsOf(settings.name);
  const steps =
    settings.kind === 'DICOMWEB'
      ? webSteps(settings, setting, options)
      : dimseSteps(settings, setting, { dicom }, options);
  let missing: string | undefined;
  for (const { check, needed, run, limitMs } of steps) {
    const earlier = missing;
    const runOrSkip = async () => (earlier ? skipped(`not tried: ${earlier} must work first.`) : run());
    const { check: name, ...outcome } = await examine(check, runOrSkip, limitMs);
    yield { check: name, archive: settings.name, ...outcome };
    if (needed && outcome.status === 'failed') missing ??= check;
  }
}

function webSteps(
  settings: ArchiveSettings & { kind: 'DICOMWEB' },
  setting: Setting,
  { now }: ArchiveOptions,
): ArchiveCheck[] {
  const { protocol, hostname, port } = new URL(settings.url);
  const secure = protocol === 'https:';
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (secure ? 443 : 80) };
  const client = new DicomwebClient({ ...settings, timeoutMs: SILENCE_MS });
  const web = { settings, client, address, setting };
  let found: string | undefined;
  const noteStudy = (uid: string) => {
    found = uid;
  };
  return [
    ...wireSteps(address, setting),
    ...(secure ? [needed('TLS', () => examineTls(address, settings, 'http', setting, now))] : []),
    needed('QIDO-RS', () => examineSearch(web, noteStudy)),
    { check: 'WADO-RS', needed: false, run: () => examineRetrieve(web, found) },
    { check: 'STOW-RS', needed: false, run: () => examineStore(web) },
  ];
}

function dimseSteps(
  settings: ArchiveSettings & { kind: 'DIMSE' },
  setting: Setting,
  { dicom }: Pick<Config, 'dicom'>,
  { now, move }: ArchiveOptions,
): ArchiveCheck[] {
  const peer = { ...peerOf(settings, dicom.aeTitle), timeoutMs: SILENCE_MS, attempts: 1 };
  let offered: readonly Service[] = [];
  const noteServices = (services: readonly Service[]) => {
    offered = services;
  };
  const retrieve = setting('retrieve');
  return [
    ...wireSteps(settings, setting),
    ...(settings.tls ? [needed('TLS', () => examineTls(settings, settings, 'dicom', setting, now))] : []),
    needed('association', () => examineAssociation(peer, setting, noteServices)),
    { check: 'C-ECHO', needed: false, run: () => examineEcho(peer) },
    needed('C-FIND', () => examineFind(peer, now)),
    settings.retrieve === 'GET'
      ? { check: 'C-GET', needed: false, run: () => examineGet(peer, offered, retrieve) }
      : {
          check: 'C-MOVE',
          needed: false,
          run: () => examineMove(peer, dicom, offered, move, retrieve),
          limitMs: 3 * MOVE_PATIENCE_MS,
        },
  ];
}

function wireSteps(address: { host: string; port: number }, setting: Setting): ArchiveCheck[] {
  return [
    needed('DNS', () => examineName(address.host, setting('url'))),
    needed('TCP', () => examineReach(address, setting('url'))),
  ];
}

const needed = (check: string, run: () => Promise<CheckOutcome>): ArchiveCheck => ({ check, needed: true, run });
