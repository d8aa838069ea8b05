import { MrimasterError } from './errors.js';

/** What is wrong with the environment: all of it at once, each with its cure. */
export class ConfigInvalid extends MrimasterError {
  override readonly code = 'CONFIG_INVALID';
  constructor(
    message: string,
    /** Each by itself, the setting's name first. */
    readonly problems: readonly string[] = [message],
  ) {
    super(message);
  }
}
