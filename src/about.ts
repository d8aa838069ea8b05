import { readFileSync } from 'node:fs';

/** Of MRIMaster. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
