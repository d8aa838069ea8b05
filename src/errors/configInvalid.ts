import { MrimasterError } from './errors.js';

/** Settings that are wrong: every problem at once, each with its cure. */
export class ConfigInvalid extends MrimasterError {
  override readonly code = 'CONFIG_INVALID';
  constructor(
    message: string,
    /** One sentence or two each, the setting's name first. */
    readonly problems: readonly string[] = [message],
  ) {
    super(message);
  }
}
