import { Console } from 'node:console';
import { visibleText } from './visibleText.js';

/**
 * For what a command says to the person who called it: control characters from outside are shown, not obeyed. The console
 * itself is everybody's, libraries' too: muteLibraries.ts.
 */
export const terminal = new Console(process.stdout, process.stderr);

for (const method of ['log', 'error', 'warn', 'info'] as const) {
  const print = terminal[method].bind(terminal);
  terminal[method] = (...values: unknown[]) =>
    print(...values.map((value) => (typeof value === 'string' ? visibleText(value) : value)));
}
