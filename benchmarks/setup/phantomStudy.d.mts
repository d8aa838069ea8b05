import type { PhantomSlice } from '../../dist/sample/phantom.js';

export function writePhantomStudy(
  folder: string,
  name: string,
  head: readonly (PhantomSlice | undefined)[],
  further?: object,
): { uid: string; paths: string[] };
