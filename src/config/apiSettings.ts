import { z } from 'zod';
import { persistedOperations } from './persistedOperations.js';
import { integer } from './settingKinds.js';

/** What callers of the API may ask, and how often. */
export type ApiSettings = {
  /** The only operations that are executed, by SHA-256; undefined: all. */
  operations: ReadonlyMap<string, string> | undefined;
  /** Requests that one caller may make in a minute. */
  rateLimit: number;
  /** Turns off what only developers need: the explorer, introspection, suggestions in errors. */
  production: boolean;
};

/** Schema of the settings of the API. `directory`: that from which relative paths are taken. */
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
