import { UploadFailed } from '../../errors/errors.js';
import type { UploadedFile } from '../../schema/uploadedFile.js';

/** A GraphQL request as the caller sent it. */
export type Operations = { query?: unknown; variables?: Record<string, unknown> };

/**
 * Puts the files, by name, into the variables that the part "map" names, such as "variables.input.file".
 * @throws UploadFailed for a place that is not a variable, or not null.
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
          `The part "map" names ${JSON.stringify(place).slice(0, 80)}, which is not a variable that is null.`,
        );
}

/** The specification allows only variables that are null. @returns whether the file was inserted. */
function insert(operations: Operations, place: string, file: UploadedFile): boolean {
  const keys = place.split('.');
  const last = keys.pop() as string;
  if (keys[0] !== 'variables') return false;
  let parent: unknown = operations;
  for (const key of keys) {
    if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, key)) return false;
    parent = (parent as Record<string, unknown>)[key];
  }
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, last)) return false;
  const target = parent as Record<string, unknown>;
  if (target[last] !== null) return false;
  target[last] = file;
  return true;
}
