import { Console } from 'node:console';

/** For what a command says to the person who called it. The console itself is everybody's, libraries' too: muteLibraries.ts. */
export const terminal = new Console(process.stdout, process.stderr);
