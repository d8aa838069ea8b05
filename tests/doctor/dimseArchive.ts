import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startProvider } from '../../src/pacs/dimse/provider.js';
import { listenSilently } from './listeners.js';
import type { Arranged, Misconfiguration, Stage } from './misconfiguration.js';
import { type Queryable, startQueryable } from './queryable.js';

const dimse = ({ orthanc }: Stage, aeTitle = orthanc.aeTitle, port: number | string = orthanc.dicomPort) =>
  `dicom://${aeTitle}@127.0.0.1:${port}`;

/** A provider that takes what is sent and finds nothing, as some archives' second port. */
async function providing(options: Partial<Parameters<typeof startProvider>[0]>): Promise<Arranged & { port: number }> {
  const store = async () => {};
  const { port, close } = await startProvider({
    host: '127.0.0.1',
    port: 0,
    aeTitle: 'PACS',
    allowed: null,
    store,
    ...options,
  });
  return { env: { PACS_URL: `dicom://PACS@127.0.0.1:${port}` }, close, port };
}

const moving = ({ url, destinationPort }: Queryable, port = destinationPort, env = {}): Arranged => ({
  env: { PACS_URL: url, DICOM_PORT: String(port), ...env },
  options: { move: true },
});

/** Misconfigurations of an archive that is to speak DIMSE. */
export const DIMSE_ARCHIVE: Misconfiguration[] = [
  {
    name: 'a wrong AE title of the archive',
    arrange: (stage) => ({ env: { PACS_URL: dimse(stage, 'WRONG') } }),
    code: 'PACS_CALLED_AE_TITLE',
    cure: 'AE title in PACS_URL',
  },
  {
    name: 'an AE title of ours that Orthanc does not know',
    arrange: (stage) => ({ env: { PACS_URL: dimse(stage), DICOM_AE_TITLE: 'STRANGER' } }),
    code: 'PACS_CALLING_AE_TITLE',
    cure: 'STRANGER',
  },
  {
    name: 'an AE title of ours that the archive rejects',
    arrange: () => providing({ allowed: [{ aeTitle: 'OTHER', address: null }] }),
    code: 'PACS_CALLING_AE_TITLE',
    cure: 'DICOM_AE_TITLE',
  },
  {
    name: 'a port where nothing listens',
    arrange: (stage) => ({ env: { PACS_URL: dimse(stage, 'PACS', 1) } }),
    code: 'PACS_TCP_REFUSED',
    cure: 'port in PACS_URL',
  },
  {
    name: 'the archive’s web port',
    arrange: (stage) => ({ env: { PACS_URL: dimse(stage, 'PACS', new URL(stage.orthanc.url).port) } }),
    code: 'PACS_NOT_DICOM',
    cure: 'DICOM port',
  },
  {
    name: 'a port that stores and does not search',
    arrange: () => providing({}),
    code: 'PACS_FIND_REFUSED',
    cure: 'C-FIND',
  },
  {
    name: 'dicom for a port with TLS',
    arrange: ({ authority }) => {
      const { cert, privateKey } = authority.issue('provider', 'IP:127.0.0.1');
      return providing({ tls: { cert, key: privateKey } });
    },
    code: 'PACS_TLS_WANTED',
    cure: 'dicom:// to dicoms://',
  },
  {
    name: 'dicoms for a port without TLS',
    arrange: (stage) => ({ env: { PACS_URL: dimse(stage).replace('dicom:', 'dicoms:') } }),
    code: 'PACS_TLS_PLAIN_PORT',
    cure: 'dicoms:// to dicom://',
  },
  {
    name: 'an archive that hangs',
    arrange: async (stage) => {
      const { port, close } = await listenSilently();
      return { env: { PACS_URL: dimse(stage, 'PACS', port) }, close };
    },
    code: 'PACS_SILENT',
    cure: 'Restart the archive',
  },
  {
    name: 'an archive that does not offer C-GET',
    arrange: ({ queryable }) => ({ env: { PACS_URL: queryable.noGet.url, PACS_RETRIEVE: 'get' } }),
    code: 'PACS_GET_NOT_OFFERED',
    cure: 'PACS_RETRIEVE',
  },
  {
    name: 'an archive that does not know where to send to',
    arrange: ({ queryable }) => moving(queryable.noDestination, queryable.rightPort.destinationPort),
    code: 'PACS_MOVE_DESTINATION',
    cure: 'DICOM_PORT',
  },
  {
    name: 'an archive that sends to a wrong port of ours',
    arrange: ({ queryable }) => moving(queryable.wrongPort, queryable.rightPort.destinationPort),
    code: 'PACS_MOVE_BACK_CONNECTION',
    cure: 'port of MRIMASTER',
  },
  {
    name: 'an archive that sends to a wrong port of ours, and does not say why it fails',
    arrange: (stage) => moving({ ...stage.queryable.rightPort, url: dimse(stage) }),
    code: 'PACS_MOVE_FAILED',
    cure: 'port of MRIMASTER',
  },
  {
    name: 'an archive that calls us in vain for long',
    arrange: async ({ folder, queryable }) => {
      const silent = await listenSilently();
      mkdirSync(join(folder, 'vain'));
      const archive = await startQueryable(join(folder, 'vain'), queryable.paths, silent.port);
      const close = () => Promise.all([archive.stop(), silent.close()]);
      return { ...moving(archive, queryable.rightPort.destinationPort), close };
    },
    code: 'PACS_MOVE_BACK_CONNECTION',
    cure: 'firewall',
  },
  {
    name: 'an archive that is not among those who may send',
    arrange: ({ queryable }) => moving(queryable.rightPort, undefined, { DICOM_ALLOWED_PEERS: 'OTHER' }),
    code: 'DICOM_PEER_NOT_ALLOWED',
    cure: 'DICOM_ALLOWED_PEERS',
  },
  {
    name: 'an archive that sends without TLS to our port with TLS',
    arrange: ({ queryable, authority }) => {
      const { certificate, key } = authority.issue('ours', 'IP:127.0.0.1');
      return moving(queryable.rightPort, undefined, { DICOM_TLS_CERTIFICATE: certificate, DICOM_TLS_KEY: key });
    },
    code: 'DICOM_PEER_BROKE_OFF',
    cure: 'DICOM_TLS_CERTIFICATE',
  },
];
