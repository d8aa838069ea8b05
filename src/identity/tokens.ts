import { createHash, randomBytes } from 'node:crypto';
import { type Caller, type Grant, rightsOf } from './caller.js';

/** An entry of TOKENS_FILE. `sha256`: the token's hash, in hexadecimal. `expires`: the last day in UTC, YYYY-MM-DD. */
export type StoredToken = { name: string; sha256: string; grants: Grant[]; expires?: string | undefined };

/** Begins every token of ours, so that a leaked one is recognised and none is taken for a provider's. */
const PREFIX = 'mri_';

/** Makes a token of 256 random bits. They cannot be guessed, so a fast hash protects it. */
export function makeToken(): string {
  return PREFIX + randomBytes(32).toString('base64url');
}

/** Whether credentials are a token of ours rather than a provider's. */
export function isToken(credentials: string): boolean {
  return credentials.startsWith(PREFIX);
}

/** SHA-256 of a token, in hexadecimal, as TOKENS_FILE holds it. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The moment at which a token expires: the end of its last day in UTC. Undefined if it does not expire. */
export function tokenEnd({ expires }: StoredToken): Date | undefined {
  return expires ? new Date(Date.parse(expires) + 86_400_000) : undefined;
}

/** The caller of a token; undefined if TOKENS_FILE does not have it, or it has expired. */
export function callerOfToken(tokens: readonly StoredToken[], token: string, now: Date): Caller | undefined {
  const sha256 = hashToken(token); // hashes are compared, so that the time it takes reveals nothing of the token
  const found = tokens.find((stored) => stored.sha256 === sha256);
  if (!found) return undefined;
  const expiresAt = tokenEnd(found);
  if (expiresAt && expiresAt <= now) return undefined;
  return { subject: `token:${found.name}`, rights: rightsOf(found.grants), expiresAt };
}
