import { UploadFailed } from '../../errors/errors.js';
import type { UploadedFile } from '../../schema/uploadedFile.js';

/** A GraphQL request, as it came. */
export type Operations = { query?: unknown; variables?: Record<string, unknown> };

/**
 * Puts files where the part "map" wants them, by name at places such as "variables.input.file".
 * @throws UploadFailed for a place that is no variable.
 */
export function insertFiles(
  operations: Operations,
  map: ReadonlyMap<string, readonly string[]>,
  files: ReadonlyMap<string, UploadedFile>,
): void {
  for (const [name, file] of files)
    for (const place of map.get(name) ?? [])
      if (!insert(operations, place, file))
        throw new UploadFailed(
          `The part "map" names ${JSON.stringify(place).slice(0, 80)}, which is no variable that is null.`,
        );
}

/** Only where it is null, as the specification has it, and nothing else is reached. */
function insert(operations: Operations, place: string, file: UploadedFile): boolean {
  const keys = place.split('.');
  const last = keys.pop() as string;
  if (keys[0] !== 'variables') return false;
  let at: unknown = operations;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Record<string, unknown>)[key];
  }
  if (typeof at !== 'object' || at === null || !Object.hasOwn(at, last)) return false;
  const target = at as Record<string, unknown>;
  if (target[last] !== null) return false;
  target[last] = file;
  return true;
}
