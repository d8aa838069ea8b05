import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { readJsonFile } from '../config/readJsonFile.js';
import { type Caller, GRANTS, type Grant, rightsOf } from './caller.js';

const tokensFile = z.array(
  z.strictObject({
    name: z.string().min(1).max(64),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    grants: z.array(z.enum(GRANTS as unknown as [Grant, ...Grant[]])).min(1),
    expires: z.iso.date().optional(),
  }),
);
export type StoredToken = z.infer<typeof tokensFile>[number];

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

/** TOKENS_FILE; what is wrong with it goes to `problems`. */
export function readTokens(path: string, problems: string[]): StoredToken[] {
  const json = readJsonFile(
    path,
    problems,
    (fault) => `TOKENS_FILE ${path} ${fault}. Make it by \`mrimaster token create\`.`,
  );
  if (json === undefined) return [];
  const { data, error } = tokensFile.safeParse(json);
  if (data) {
    const names = data.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice) problems.push(`TOKENS_FILE names "${twice}" twice. Audit could not tell one from the other.`);
    return data;
  }
  const { path: place = [], message } = error.issues[0] ?? {};
  problems.push(
    `TOKENS_FILE ${path}: ${place.join('.')}: ${message}. Each token has name, sha256, grants (of ${GRANTS.join(', ')}) and may have expires (YYYY-MM-DD).`,
  );
  return [];
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
