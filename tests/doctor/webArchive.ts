import type { RequestListener } from 'node:http';
import type { ServerOptions } from 'node:https';
import { findNothing, listenSilently, listenWeb } from './listeners.js';
import type { Arranged, Misconfiguration, Stage } from './misconfiguration.js';

const LOOPBACK = 'IP:127.0.0.1';

/** An archive with another answer to searches, or to all. */
async function answering(answer: RequestListener): Promise<Arranged> {
  const { port, close } = await listenWeb(answer);
  return { env: { PACS_URL: `http://127.0.0.1:${port}/dicom-web` }, close };
}
const withStatus = (status: number, headers = {}): RequestListener => {
  return (_request, response) => response.writeHead(status, headers).end();
};
const storing =
  (status: number): RequestListener =>
  (request, response) =>
    request.method === 'POST' ? response.writeHead(status).end() : findNothing(request, response);

/** An archive with a certificate for `san`. */
async function certified(
  { authority }: Stage,
  san: string,
  env: NodeJS.ProcessEnv,
  { days = 90, tls = {} }: { days?: number; tls?: ServerOptions } = {},
): Promise<Arranged> {
  const { cert, privateKey } = authority.issue('server', san, days);
  const { port, close } = await listenWeb(findNothing, { cert, key: privateKey, ...tls });
  return { env: { PACS_URL: `https://127.0.0.1:${port}/dicom-web`, ...env }, close };
}
const demanding = ({ authority }: Stage, maxVersion: 'TLSv1.2' | 'TLSv1.3') => ({
  tls: { ca: authority.pem, requestCert: true, rejectUnauthorized: true, maxVersion },
});

/** Misconfigurations of an archive that is to speak DICOMweb. */
export const WEB_ARCHIVE: Misconfiguration[] = [
  {
    name: 'a wrong HTTP port',
    arrange: ({ secret }) => ({
      env: { PACS_URL: 'http://127.0.0.1:1/dicom-web', PACS_USERNAME: 'me', PACS_PASSWORD: secret },
    }),
    code: 'PACS_TCP_REFUSED',
    cure: 'port in PACS_URL',
  },
  {
    name: 'a host that DNS does not know',
    arrange: () => ({ env: { PACS_URL: 'http://pacs.invalid/dicom-web' } }),
    code: 'PACS_DNS',
    cure: 'host in PACS_URL',
  },
  {
    name: 'a wrong path',
    arrange: ({ orthanc }) => ({ env: { PACS_URL: `${orthanc.url}/dicomweb` } }),
    code: 'PACS_PATH',
    cure: '/dicom-web/',
  },
  {
    name: 'the archive’s pages for people',
    arrange: () => answering((_request, response) => response.end('<html>Welcome</html>')),
    code: 'PACS_NOT_DICOMWEB',
    cure: 'PACS_URL',
  },
  {
    name: 'a wrong password',
    arrange: ({ guarded, secret }) => ({
      env: { PACS_URL: guarded.dicomWebUrl, PACS_USERNAME: 'me', PACS_PASSWORD: `${secret}x` },
    }),
    code: 'PACS_CREDENTIALS_WRONG',
    cure: 'PACS_PASSWORD',
  },
  {
    name: 'a wrong password in the address',
    arrange: ({ guarded, secret }) => ({
      env: { PACS_URL: guarded.dicomWebUrl.replace('//', `//me:${secret}x@`) },
    }),
    code: 'PACS_CREDENTIALS_WRONG',
    cure: 'PACS_PASSWORD',
  },
  {
    name: 'no credentials',
    arrange: ({ guarded }) => ({ env: { PACS_URL: guarded.dicomWebUrl } }),
    code: 'PACS_CREDENTIALS_MISSING',
    cure: 'PACS_USERNAME',
  },
  {
    name: 'a user who may not search',
    arrange: () => answering(withStatus(403)),
    code: 'PACS_FORBIDDEN',
    cure: 'QIDO-RS',
  },
  {
    name: 'a user who may not retrieve',
    arrange: () =>
      answering((request, response) =>
        request.url?.includes('/metadata') ? response.writeHead(403).end() : findNothing(request, response),
      ),
    code: 'PACS_WADO_FORBIDDEN',
    cure: 'WADO-RS',
  },
  {
    name: 'a user who may not store',
    arrange: () => answering(storing(403)),
    code: 'PACS_STOW_FORBIDDEN',
    cure: 'STOW-RS',
  },
  {
    name: 'an archive that does not store',
    arrange: () => answering(storing(405)),
    code: 'PACS_STOW_NOT_OFFERED',
    cure: 'STOW-RS',
  },
  {
    name: 'an address that redirects',
    arrange: ({ secret }) => answering(withStatus(302, { location: `https://login.example/?next=${secret}` })),
    code: 'PACS_REDIRECT',
    cure: 'PACS_URL',
  },
  {
    name: 'a proxy whose archive is down',
    arrange: () => answering(withStatus(502)),
    code: 'PACS_SERVER_ERROR',
    cure: 'archive’s log',
  },
  {
    name: 'https for a port without TLS',
    arrange: ({ orthanc }) => ({ env: { PACS_URL: orthanc.dicomWebUrl.replace('http:', 'https:') } }),
    code: 'PACS_TLS_PLAIN_PORT',
    cure: 'https:// to http://',
  },
  {
    name: 'http for a port with TLS',
    arrange: async (stage) => {
      const { env, close } = await certified(stage, LOOPBACK, {});
      return { env: { PACS_URL: env.PACS_URL?.replace('https:', 'http:') }, ...(close && { close }) };
    },
    code: 'PACS_TLS_WANTED',
    cure: 'http:// to https://',
  },
  {
    name: 'an authority that we do not know',
    arrange: (stage) => certified(stage, LOOPBACK, {}),
    code: 'PACS_TLS_UNKNOWN_AUTHORITY',
    cure: 'PACS_CA',
  },
  {
    name: 'an expired certificate',
    arrange: (stage) => certified(stage, LOOPBACK, { PACS_CA: stage.authority.file }, { days: -1 }),
    code: 'PACS_TLS_EXPIRED',
    cure: 'renewed',
  },
  {
    name: 'a certificate for another host',
    arrange: (stage) => certified(stage, 'DNS:pacs.example', { PACS_CA: stage.authority.file }),
    code: 'PACS_TLS_WRONG_HOST',
    cure: 'host in PACS_URL',
  },
  {
    name: 'no certificate of ours where one is wanted',
    arrange: (stage) => certified(stage, LOOPBACK, { PACS_CA: stage.authority.file }, demanding(stage, 'TLSv1.3')),
    code: 'PACS_TLS_CLIENT_CERTIFICATE',
    cure: 'PACS_CERTIFICATE',
  },
  {
    name: 'no certificate of ours where an older server wants one',
    arrange: (stage) => certified(stage, LOOPBACK, { PACS_CA: stage.authority.file }, demanding(stage, 'TLSv1.2')),
    code: 'PACS_TLS_CLIENT_CERTIFICATE',
    cure: 'PACS_CERTIFICATE',
  },
  {
    name: 'a certificate of ours with another key',
    arrange: (stage) => {
      const [one, other] = ['mine', 'yours'].map((name) => stage.authority.issue(name, LOOPBACK));
      const env = { PACS_CERTIFICATE: one?.certificate, PACS_KEY: other?.key };
      return certified(stage, LOOPBACK, { PACS_CA: stage.authority.file, ...env });
    },
    code: 'PACS_CERTIFICATE_PAIR',
    cure: 'PACS_KEY',
  },
  {
    name: 'the archive’s DICOM port',
    arrange: ({ orthanc }) => ({ env: { PACS_URL: `http://127.0.0.1:${orthanc.dicomPort}/dicom-web` } }),
    code: 'PACS_NOT_HTTP',
    cure: 'web port',
  },
  {
    name: 'an archive that hangs',
    arrange: async () => {
      const { port, close } = await listenSilently();
      return { env: { PACS_URL: `http://127.0.0.1:${port}/dicom-web` }, close };
    },
    code: 'PACS_SILENT',
    cure: 'Restart the archive',
  },
  {
    name: 'an archive behind TLS that hangs',
    arrange: async () => {
      const { port, close } = await listenSilently();
      return { env: { PACS_URL: `https://127.0.0.1:${port}/dicom-web` }, close };
    },
    code: 'PACS_SILENT',
    cure: 'Restart the archive',
  },
];
