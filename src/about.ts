import { readFileSync } from 'node:fs';

/** Goes with every output. */
export const INTENDED_USE = 'Research use only – not for diagnostic use';

/** Goes with every answer that nothing was found. */
export const LIMITS = 'It tells nothing of what it was not made to find';

/** Version of MRIMaster. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
