import { createHash, randomBytes } from 'node:crypto';
import { type Caller, type Grant, rightsOf } from './caller.js';

/** An entry of TOKENS_FILE. `sha256`: of the token, in hexadecimal digits. `expires`: its last day, YYYY-MM-DD, in UTC. */
export type StoredToken = { name: string; sha256: string; grants: Grant[]; expires?: string | undefined };

/** So that a token is recognised where it has leaked to, and is never taken for a provider's. */
const PREFIX = 'mri_';

/** 256 random bits: nothing that a slow hash would have to protect from guessing. */
export function makeToken(): string {
  return PREFIX + randomBytes(32).toString('base64url');
}

export function isToken(credentials: string): boolean {
  return credentials.startsWith(PREFIX);
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** When it is over; undefined: never. Its last day is whole, in UTC. */
export function tokenEnd({ expires }: StoredToken): Date | undefined {
  return expires ? new Date(Date.parse(expires) + 86_400_000) : undefined;
}

/** The caller of a token; undefined for one that is not ours, or no longer. */
export function callerOfToken(tokens: readonly StoredToken[], token: string, now: Date): Caller | undefined {
  const sha256 = hashToken(token); // compared by hash: how long that takes tells nothing of the token
  const found = tokens.find((one) => one.sha256 === sha256);
  if (!found) return undefined;
  const expiresAt = tokenEnd(found);
  if (expiresAt && expiresAt <= now) return undefined;
  return { subject: `token:${found.name}`, rights: rightsOf(found.grants), expiresAt };
}
