import { z } from 'zod';
import { GRANTS, type Grant } from '../identity/caller.js';
import type { StoredToken } from '../identity/tokens.js';
import { jsonFile } from './settingKinds.js';

const tokens = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(64),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      grants: z.array(z.enum(GRANTS as unknown as [Grant, ...Grant[]])).min(1),
      expires: z.iso.date().optional(),
    }),
  )
  .superRefine((entries, context) => {
    const names = entries.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined) context.addIssue(`names "${twice}" twice. Audit could not tell one from the other.`);
  });

/** Schema of the file that TOKENS_FILE names: the hashes of tokens, and what each may do. */
export const tokensFile = (directory: string): z.ZodType<StoredToken[], string> =>
  jsonFile(
    directory,
    `Make it by \`mrimaster token create\`: each token has name, sha256, grants (of ${GRANTS.join(', ')}) and may have expires (YYYY-MM-DD).`,
    () => tokens,
  );
