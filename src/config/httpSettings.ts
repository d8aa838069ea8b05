import { isIP } from 'node:net';
import { z } from 'zod';
import { across, address, type Environment, hasProtocol, integer, list, pemFile } from './settingKinds.js';

/** Where the HTTP server listens, and who may connect. */
export type HttpSettings = {
  host: string;
  port: number;
  /** Address of the reverse proxy by which callers reach us, without a slash at its end; undefined: HOST and PORT. */
  publicUrl: string | undefined;
  /** PEM. */
  tls: { certificate: string; key: string } | undefined;
  /** Addresses and networks (CIDR) of reverse proxies. Where there are any, only they and this machine may connect. */
  trustedProxies: readonly string[];
  /** Origins whose pages may call us from a browser, beside our own (CORS, in the Fetch standard). */
  allowedOrigins: readonly string[];
};

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** Schema of the settings of the HTTP server. `directory`: that from which relative paths are taken. */
export const httpSettings = (directory: string) =>
  z
    .object({
      HOST: z.string().prefault('127.0.0.1').meta({
        description: 'Address that the server listens on. 0.0.0.0 is every address of this machine.',
      }),
      PORT: integer(0, 65_535).prefault('4000').meta({ description: 'Port of the server. 0 takes any free port.' }),
      TLS_CERTIFICATE: pemFile(directory)
        .optional()
        .meta({ description: 'PEM file of our certificate. With it the server speaks TLS.' }),
      TLS_KEY: pemFile(directory).optional().meta({ description: "PEM file of the certificate's key." }),
      TRUSTED_PROXY: list(readNetwork, 'must list addresses or networks like 10.0.0.5,10.1.0.0/16', 'shown')
        .optional()
        .meta({
          description:
            'Addresses or networks of the reverse proxies that speak TLS for us. Nobody else may connect then, except from this machine.',
          example: '10.0.0.5',
        }),
      PUBLIC_URL: address(['http:', 'https:'], 'https://mri.hospital.example')
        .transform((url) => url.replace(/\/+$/, ''))
        .optional()
        .meta({
          description:
            'Address by which callers reach the server, if it is another one: that of your reverse proxy. Requests for other hosts than this machine and this address are refused, and pictures have URLs that begin with it.',
          example: 'https://mri.hospital.example',
        }),
      ALLOWED_ORIGINS: list(
        readOrigin,
        'must list origins like https://worklist.hospital.example, without a path',
        'hidden',
      )
        .optional()
        .meta({
          description:
            'Front ends on other addresses: the origins whose pages may ask this server from a browser. None by default.',
          example: 'https://worklist.hospital.example,https://viewer.hospital.example',
        }),
    })
    .check(
      across(({ TLS_CERTIFICATE, TLS_KEY }) =>
        (TLS_CERTIFICATE === undefined) === (TLS_KEY === undefined)
          ? undefined
          : 'TLS_CERTIFICATE and TLS_KEY belong together: set both, or neither.',
      ),
    )
    .transform(
      (given): HttpSettings => ({
        host: given.HOST,
        port: given.PORT,
        publicUrl: given.PUBLIC_URL,
        tls:
          given.TLS_CERTIFICATE !== undefined && given.TLS_KEY !== undefined
            ? { certificate: given.TLS_CERTIFICATE, key: given.TLS_KEY }
            : undefined,
        trustedProxies: given.TRUSTED_PROXY ?? [],
        allowedOrigins: given.ALLOWED_ORIGINS ?? [],
      }),
    )
    .meta({
      title: 'HTTP',
      description:
        'Where the server listens. Beyond this machine (HOST=0.0.0.0) it does so only with callers who prove who they are (see below), and with TLS: our own, or that of a reverse proxy that TRUSTED_PROXY names.',
    });

/**
 * Says what a server lacks that other machines reach: authentication, encryption, or its public address.
 * @param given the settings as they are set, right or wrong.
 */
export function faultsBeyondThisMachine(given: Environment): string[] {
  const { HOST, OIDC_ISSUER, PUBLIC_URL, TLS_CERTIFICATE, TOKENS_FILE, TRUSTED_PROXY } = given;
  if (HOST === undefined || LOOPBACK.includes(HOST)) return [];
  const reached = `HOST ${HOST} is reached by other machines`;
  const faults: string[] = [];
  if (OIDC_ISSUER === undefined && TOKENS_FILE === undefined)
    faults.push(`${reached}, and nobody is authenticated: set OIDC_ISSUER or TOKENS_FILE, or HOST=127.0.0.1.`);
  if (TLS_CERTIFICATE === undefined && TRUSTED_PROXY === undefined)
    faults.push(
      `${reached}, and nothing is encrypted: set TLS_CERTIFICATE and TLS_KEY, or TRUSTED_PROXY to the reverse proxy that does it.`,
    );
  if (PUBLIC_URL === undefined)
    faults.push(`${reached}: set PUBLIC_URL to the address that they use, for requests to other hosts are refused.`);
  return faults;
}

/** An origin, as a browser sends it. */
function readOrigin(text: string): string | undefined {
  return hasProtocol(text, ['http:', 'https:']) && new URL(text).origin === text ? text : undefined;
}

/** An IP address, or a network in CIDR notation. */
function readNetwork(text: string): string | undefined {
  const [ip = '', length, more] = text.split('/');
  const bits = isIP(ip) === 6 ? 128 : 32;
  const fits = length === undefined || (/^\d+$/.test(length) && Number(length) <= bits);
  return isIP(ip) !== 0 && more === undefined && fits ? text : undefined;
}
