/**
 * How an object came. `pacs`: the archive that it is from; null where none is known. `sender`: who sent it, for people.
 * `arriving`: it came by itself, so its study is classified when no more come (settleStudy.ts). `uploaded`: a person gave
 * this one file.
 */
export type Origin = { pacs: string | null; sender: string | null; arriving: boolean; uploaded?: boolean };
