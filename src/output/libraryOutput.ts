let report: (library: string) => void = () => {};
const reported = new Set<string>();

/** `listener` gets the name of each library that wanted to write to the console, once; never the text. */
export function onLibraryOutput(listener: (library: string) => void): void {
  report = listener;
  for (const library of reported) listener(library);
}

/** Notes that a library has written. Its name is that of the first package on the stack; "node" where there is none. */
export function noteLibraryOutput(stack: string): void {
  const library = /node_modules\/((?:@[^/\s]+\/)?[^/\s]+)/.exec(stack)?.[1] ?? 'node';
  if (reported.has(library)) return;
  reported.add(library);
  report(library);
}
