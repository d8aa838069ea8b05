let tell: (library: string) => void = () => {};
const told = new Set<string>();

/** `listener` learns once of each library that wanted to write to the console; never what. */
export function onLibraryOutput(listener: (library: string) => void): void {
  tell = listener;
  for (const library of told) listener(library);
}

/** Whoever has written by this stack is noted, by the first package on it; "node" where there is none. */
export function noteLibraryOutput(stack: string): void {
  const library = /node_modules\/((?:@[^/\s]+\/)?[^/\s]+)/.exec(stack)?.[1] ?? 'node';
  if (told.has(library)) return;
  told.add(library);
  tell(library);
}
