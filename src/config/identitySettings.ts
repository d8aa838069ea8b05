import { z } from 'zod';
import type { IdentitySettings } from '../identity/authenticate.js';
import { GRANTS, type Grant } from '../identity/caller.js';
import { isSecureAddress } from '../identity/isSecureAddress.js';
import { readTokens } from './tokensFile.js';

export const identityEnvironment = {
  OIDC_ISSUER: z
    .string()
    .refine(isSecureAddress, {
      message: 'OIDC_ISSUER must be the https address by which the provider calls itself.',
    })
    .optional(),
  OIDC_AUDIENCE: z.string().optional(),
  OIDC_JWKS_URL: z.string().refine(isSecureAddress, { message: 'OIDC_JWKS_URL must be an https address.' }).optional(),
  OIDC_ROLES_CLAIM: z.string().default('roles'),
  OIDC_ROLES: z
    .string()
    .refine((list) => readPairs(list) !== null, {
      message: `OIDC_ROLES must be like radiologist=Radiology,operator=PACS-Admins; the first of each is one of ${GRANTS.join(', ')}.`,
    })
    .optional(),
  TOKENS_FILE: z.string().optional(),
};

/** How callers prove who they are; what is missing or wrong goes to `problems`. */
export function readIdentitySettings(
  given: NodeJS.ProcessEnv,
  folder: (path: string) => string,
  problems: string[],
): IdentitySettings {
  const { OIDC_AUDIENCE, OIDC_ISSUER, OIDC_JWKS_URL, OIDC_ROLES = '', OIDC_ROLES_CLAIM = 'roles', TOKENS_FILE } = given;
  const tokens = TOKENS_FILE === undefined ? undefined : readTokens(folder(TOKENS_FILE), problems);
  if (OIDC_ISSUER === undefined) return { provider: undefined, tokens };
  if (OIDC_AUDIENCE === undefined)
    problems.push('OIDC_AUDIENCE is not set. Set it to what the provider calls this server, or tokens for others fit.');
  const provider = {
    issuer: OIDC_ISSUER,
    audience: OIDC_AUDIENCE ?? '',
    jwksUrl: OIDC_JWKS_URL,
    rolesClaim: OIDC_ROLES_CLAIM,
    grants: readPairs(OIDC_ROLES) ?? new Map(),
  };
  return { provider, tokens };
}

/** "grant=name,grant=name" as name → grant. */
function readPairs(list: string): Map<string, Grant> | null {
  const pairs = new Map<string, Grant>();
  for (const pair of list.split(',').filter((part) => part.trim() !== '')) {
    const [, grant, name] = /^\s*(\w+)\s*=\s*(.+?)\s*$/.exec(pair) ?? [];
    const known = GRANTS.find((one) => one === grant);
    if (!known || !name) return null;
    pairs.set(name, known);
  }
  return pairs;
}
