import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readJsonFile } from './settingKinds.js';

/** By hash, or as Apollo's tools write a manifest. */
const manifest = z.union([
  z.object({ operations: z.array(z.object({ id: z.string(), body: z.string() })) }),
  z.record(z.string(), z.string()),
]);

/** PERSISTED_OPERATIONS: the text of each operation that is answered, by its SHA-256; what is wrong goes to `problems`. */
export function readOperations(path: string, problems: string[]): ReadonlyMap<string, string> {
  const json = readJsonFile(path, problems, (fault) => `PERSISTED_OPERATIONS ${path} ${fault}. Give a manifest.`);
  if (json === undefined) return new Map();
  const { data } = manifest.safeParse(json);
  const given = data && 'operations' in data && Array.isArray(data.operations) ? data.operations : null;
  const entries: [string, string][] = given
    ? given.map(({ body, id }) => [id, body])
    : Object.entries((data ?? {}) as Record<string, string>);
  const wrong = entries.find(([id, body]) => id !== hashOperation(body));
  if (!data || wrong)
    problems.push(
      `PERSISTED_OPERATIONS ${path} must be {"<SHA-256>": "<operation>"} or a manifest of Apollo's${wrong ? `; ${wrong[0]} is not the SHA-256 of its operation` : ''}.`,
    );
  return new Map(entries);
}

export function hashOperation(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
