import type { Context } from '../context.js';
import { ModelNotFound } from '../errors.js';
import type { Loaders } from './loaders.js';

/** What every resolver is handed: the program, and what belongs to this request alone. */
export type Request = {
  program: Context;
  loaders: Loaders;
  /** Where the caller reached us, such as "http://127.0.0.1:4000". */
  origin: string;
};

/** The active model. @throws ModelNotFound when another one is asked for: only one runs at a time. */
export function requireModel({ program }: Request, id: string | null | undefined): Context['model'] {
  if (!id || id === program.model.id) return program.model;
  const { name, version } = program.model;
  throw new ModelNotFound(`The model ${id} does not run; ${name} ${version} does (${program.model.id}).`);
}
