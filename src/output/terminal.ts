import { Console } from 'node:console';
import { visibleText } from './visibleText.js';

/**
 * Writes what a command says to the person who called it. Control characters in it are shown, not obeyed. Commands do
 * not use the global console, which libraries write to as well (muteLibraries.ts).
 */
export const terminal = new Console(process.stdout, process.stderr);

for (const method of ['log', 'error', 'warn', 'info'] as const) {
  const print = terminal[method].bind(terminal);
  terminal[method] = (...values: unknown[]) =>
    print(...values.map((value) => (typeof value === 'string' ? visibleText(value) : value)));
}
