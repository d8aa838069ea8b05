import { noteLibraryOutput } from './libraryOutput.js';
import './terminal.js'; // which takes its streams before

// Imported before all else, as libraries take hold of the console when they are loaded. What they say there may quote the
// header that they read or write, and so a patient: none of it is shown, on a terminal or in a log. Commands say what they
// have to say through terminal.ts.

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

// Node writes warnings to standard error by itself, unless somebody takes them.
process.removeAllListeners('warning');
process.on('warning', ({ stack = '' }) => noteLibraryOutput(stack));
