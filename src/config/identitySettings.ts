import { z } from 'zod';
import type { IdentitySettings } from '../identity/authenticate.js';
import { GRANTS, type Grant } from '../identity/caller.js';
import { isSecureAddress } from '../identity/isSecureAddress.js';
import { across, list } from './settingKinds.js';
import { tokensFile } from './tokensFile.js';

const identityFields = (directory: string) => ({
  OIDC_ISSUER: z
    .string()
    .refine(isSecureAddress, 'must be the https address by which the provider calls itself.')
    .optional()
    .meta({
      description: 'An OpenID provider: its issuer, the address by which it calls itself.',
      example: 'https://idp.hospital.example/realms/hospital',
    }),
  OIDC_AUDIENCE: z.string().optional().meta({
    description:
      'What the provider calls this server. Required with OIDC_ISSUER: without it, a token that was issued for another server would be accepted here.',
    example: 'mrimaster',
  }),
  OIDC_ROLES_CLAIM: z
    .string()
    .prefault('roles')
    .meta({ description: "The claim of a token that lists a person's roles." }),
  OIDC_ROLES: list(
    readPair,
    `must be like radiologist=Radiology,operator=PACS-Admins; the first of each is one of ${GRANTS.join(', ')}`,
    'shown',
  )
    .optional()
    .meta({
      description: "The provider's names for our roles, where they differ.",
      example: 'radiologist=Radiology,operator=PACS-Admins',
    }),
  OIDC_JWKS_URL: z.string().refine(isSecureAddress, 'must be an https address.').optional().meta({
    description: 'Where the provider has its keys, if its discovery document does not say so.',
    example: 'https://idp.hospital.example/keys',
  }),
  TOKENS_FILE: tokensFile(directory).optional().meta({
    description: 'Tokens for machines: a file that `mrimaster token create` writes.',
    example: 'tokens.json',
  }),
});

/**
 * Schema of the settings by which callers prove who they are. `directory`: that from which relative paths are taken.
 */
export const identitySettings = (directory: string) =>
  z
    .object(identityFields(directory))
    .check(
      across(({ OIDC_AUDIENCE, OIDC_ISSUER }) =>
        OIDC_ISSUER !== undefined && OIDC_AUDIENCE === undefined
          ? 'OIDC_AUDIENCE is not set. Set it to what the provider calls this server, or tokens for others fit.'
          : undefined,
      ),
    )
    .transform(toIdentity)
    .meta({
      title: 'Callers',
      description:
        'Who may call, see docs/authorization.md. Without a provider and tokens everybody on this machine may do everything.',
    });

function toIdentity(given: z.output<z.ZodObject<ReturnType<typeof identityFields>>>): IdentitySettings {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience = '', TOKENS_FILE: tokens } = given;
  if (issuer === undefined) return { provider: undefined, tokens };
  const grants = new Map(given.OIDC_ROLES);
  const provider = { issuer, audience, jwksUrl: given.OIDC_JWKS_URL, rolesClaim: given.OIDC_ROLES_CLAIM, grants };
  return { provider, tokens };
}

/** "grant=name" as [name, grant]; undefined where there is no such grant. */
function readPair(text: string): [string, Grant] | undefined {
  const [, grant, name] = /^(\w+)\s*=\s*(.+)$/.exec(text) ?? [];
  const known = GRANTS.find((candidate) => candidate === grant);
  return known && name ? [name, known] : undefined;
}
