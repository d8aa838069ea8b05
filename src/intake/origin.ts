/**
 * How an object came. `pacs`: the archive that it is from; null where none is known. `sender`: the sender's name for
 * people. `arriving`: nobody asked for it, so its study is classified when no more objects come (settleStudy.ts).
 * `uploaded`: a person uploaded this one file.
 */
export type Origin = { pacs: string | null; sender: string | null; arriving: boolean; uploaded?: boolean };
