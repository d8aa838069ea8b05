/** An association or request that sends to us: from `begin` to `end`. */
export type Transfer = { carries(studyInstanceUid: string): void; end(): void };

/** Which studies are being sent at this moment, to this process. */
export type Transfers = { begin(): Transfer; studies(): string[] };

export function createTransfers(): Transfers {
  const open = new Set<Set<string>>();
  return {
    begin: () => {
      const studies = new Set<string>();
      open.add(studies);
      return { carries: (uid) => studies.add(uid), end: () => open.delete(studies) };
    },
    studies: () => [...new Set([...open].flatMap((studies) => [...studies]))],
  };
}
