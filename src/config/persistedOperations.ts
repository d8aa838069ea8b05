import { createHash } from 'node:crypto';
import { z } from 'zod';
import { jsonFile } from './settingKinds.js';

/** Operations by hash, or a manifest as Apollo's tools write it. */
const manifest = z.union(
  [
    z
      .object({ operations: z.array(z.object({ id: z.string(), body: z.string() })) })
      .transform(({ operations }) => operations.map(({ body, id }): [string, string] => [id, body])),
    z.record(z.string(), z.string()).transform((operations) => Object.entries(operations)),
  ],
  { error: 'maps no hashes to operations.' },
);

/** Schema of the file that PERSISTED_OPERATIONS names: the text of each operation that is executed, by its SHA-256. */
export const persistedOperations = (directory: string) =>
  jsonFile(directory, 'Give {"<SHA-256>": "<operation>"}, or a manifest of Apollo\'s.', () =>
    manifest
      .superRefine((operations, context) => {
        const wrong = operations.find(([id, body]) => id !== hashOperation(body));
        if (wrong) context.addIssue(`${wrong[0]} is not the SHA-256 of its operation.`);
      })
      .transform((operations): ReadonlyMap<string, string> => new Map(operations)),
  );

/** @returns the SHA-256 by which clients name an operation, in hexadecimal digits. */
export function hashOperation(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
