/**
 * One sender's transfer. `carries`: notes an object that it has brought, by its study. `studies`: UIDs of their
 * studies. `objects`: how many it has brought. `end`: the association or request is over.
 */
export type Transfer = {
  carries(studyInstanceUid: string): void;
  studies(): string[];
  objects(): number;
  end(): void;
};

/** The transfers to this process at this moment. `studies`: UIDs of the studies that they bring. */
export type Transfers = { begin(): Transfer; studies(): string[] };

/** Makes the registry of transfers; the DICOM provider and STOW-RS report to it. */
export function createTransfers(): Transfers {
  const open = new Set<Set<string>>();
  return {
    begin: () => {
      const studies = new Set<string>();
      let objects = 0;
      open.add(studies);
      return {
        carries: (uid) => {
          studies.add(uid);
          objects++;
        },
        studies: () => [...studies],
        objects: () => objects,
        end: () => open.delete(studies),
      };
    },
    studies: () => [...new Set([...open].flatMap((studies) => [...studies]))],
  };
}
