import { z } from 'zod';
import { GRANTS, type Grant } from '../identity/caller.js';
import type { StoredToken } from '../identity/tokens.js';
import { readJsonFile } from './settingKinds.js';

const tokensFile = z.array(
  z.strictObject({
    name: z.string().min(1).max(64),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    grants: z.array(z.enum(GRANTS as unknown as [Grant, ...Grant[]])).min(1),
    expires: z.iso.date().optional(),
  }),
);

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
