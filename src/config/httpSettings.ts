import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { authenticates, type IdentitySettings } from '../identity/authenticate.js';

export type HttpSettings = {
  host: string;
  port: number;
  /** Where callers reach us when that is not HOST and PORT: the address of a reverse proxy, without a slash at its end. */
  publicUrl: string | undefined;
  /** PEM. */
  tls: { certificate: string; key: string } | undefined;
  /** Addresses and networks (CIDR) of reverse proxies; others than these and this machine may not speak to us then. */
  trustedProxies: readonly string[];
  /** Origins whose pages may ask us from a browser, beside our own (the Fetch standard's CORS). */
  allowedOrigins: readonly string[];
};

export const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

export const httpEnvironment = {
  HOST: z.string().default('127.0.0.1'),
  TLS_CERTIFICATE: z.string().optional(),
  TLS_KEY: z.string().optional(),
  TRUSTED_PROXY: z
    .string()
    .refine((list) => split(list).every(isNetwork), {
      message: 'TRUSTED_PROXY must list addresses or networks like 10.0.0.5,10.1.0.0/16.',
    })
    .optional(),
  ALLOWED_ORIGINS: z
    .string()
    .refine((list) => split(list).every(isOrigin), {
      message: 'ALLOWED_ORIGINS must list origins like https://worklist.hospital.example, without a path.',
    })
    .optional(),
};

/**
 * Where we listen. Beyond this machine only with callers that prove who they are, and with nobody listening in; what is
 * missing for that goes to `problems`.
 */
export function readHttpSettings(
  given: NodeJS.ProcessEnv,
  identity: IdentitySettings,
  folder: (path: string) => string,
  problems: string[],
): Pick<HttpSettings, 'host' | 'tls' | 'trustedProxies' | 'allowedOrigins'> {
  const { ALLOWED_ORIGINS, HOST: host = '127.0.0.1', PUBLIC_URL, TLS_CERTIFICATE, TLS_KEY, TRUSTED_PROXY } = given;
  const allowedOrigins = split(ALLOWED_ORIGINS ?? '');
  const trustedProxies = split(TRUSTED_PROXY ?? '');
  if (!LOOPBACK.includes(host)) {
    const beyond = `HOST ${host} is reached by other machines`;
    if (!authenticates(identity))
      problems.push(`${beyond}, and nobody is authenticated: set OIDC_ISSUER or TOKENS_FILE, or HOST=127.0.0.1.`);
    if (TLS_CERTIFICATE === undefined && trustedProxies.length === 0)
      problems.push(
        `${beyond}, and nothing is encrypted: set TLS_CERTIFICATE and TLS_KEY, or TRUSTED_PROXY to the reverse proxy that does it.`,
      );
    if (PUBLIC_URL === undefined)
      problems.push(`${beyond}: set PUBLIC_URL to the address that they use, for requests to other hosts are refused.`);
  }
  if ((TLS_CERTIFICATE === undefined) !== (TLS_KEY === undefined))
    problems.push('TLS_CERTIFICATE and TLS_KEY belong together: set both, or neither.');
  if (TLS_CERTIFICATE === undefined || TLS_KEY === undefined)
    return { host, tls: undefined, trustedProxies, allowedOrigins };
  const read = (name: string, path: string) => {
    try {
      return readFileSync(folder(path), 'utf8');
    } catch (error) {
      problems.push(`${name} ${path} cannot be read (${(error as NodeJS.ErrnoException).code}). Give its PEM file.`);
      return '';
    }
  };
  const tls = { certificate: read('TLS_CERTIFICATE', TLS_CERTIFICATE), key: read('TLS_KEY', TLS_KEY) };
  return { host, tls, trustedProxies, allowedOrigins };
}

function split(list: string): string[] {
  return list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** As a browser sends it in `Origin`. */
function isOrigin(text: string): boolean {
  return /^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : '') && new URL(text).origin === text;
}

function isNetwork(text: string): boolean {
  const [address = '', length, more] = text.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  return (
    isIP(address) !== 0 && more === undefined && (length === undefined || (/^\d+$/.test(length) && +length <= bits))
  );
}
