import { noteLibraryOutput } from './libraryOutput.js';
import './terminal.js'; // it must take its streams first

// This is imported before everything else, since libraries keep the console's functions when they are loaded. What they
// write may quote a header, and so a patient: it is never shown, on a terminal or in a log. Commands write by
// terminal.ts.

const WRITING = [
  'assert',
  'count',
  'debug',
  'dir',
  'dirxml',
  'error',
  'group',
  'groupCollapsed',
  'info',
  'log',
  'table',
  'timeEnd',
  'timeLog',
  'trace',
  'warn',
] as const;

const mute = () => noteLibraryOutput(new Error().stack ?? '');
for (const name of WRITING) console[name] = mute;

// Node.js writes warnings to standard error unless somebody listens to them.
process.removeAllListeners('warning');
process.on('warning', ({ stack = '' }) => noteLibraryOutput(stack));
