import { z } from 'zod';
import { persistedOperations } from './persistedOperations.js';
import { integer } from './settingKinds.js';

export type ApiSettings = {
  /** The only operations that are answered, by SHA-256; undefined: any. */
  operations: ReadonlyMap<string, string> | undefined;
  /** Requests of one caller in a minute. */
  rateLimit: number;
  /** Turns off what only developers need. */
  production: boolean;
};

/** What callers of the API may ask, and how often. */
export const apiSettings = (directory: string) =>
  z
    .object({
      PERSISTED_OPERATIONS: persistedOperations(directory).optional().meta({
        description:
          'Only the operations of this JSON file are answered: {"<SHA-256>": "<operation>"}, or a manifest of Apollo\'s. By default any.',
        example: 'operations.json',
      }),
      RATE_LIMIT_PER_MINUTE: integer(1, 1_000_000)
        .prefault('6000')
        .meta({ description: 'Requests of one caller in a minute, where callers are authenticated.' }),
      NODE_ENV: z.string().optional().meta({
        description:
          '"production" turns off the explorer at /graphiql, introspection, and suggestions in GraphQL\'s errors.',
        example: 'production',
      }),
    })
    .transform(
      (given): ApiSettings => ({
        operations: given.PERSISTED_OPERATIONS,
        rateLimit: given.RATE_LIMIT_PER_MINUTE,
        production: given.NODE_ENV === 'production',
      }),
    )
    .meta({ title: 'API', description: 'What callers may ask, see docs/api.md.' });
