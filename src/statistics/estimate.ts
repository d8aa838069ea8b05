/** A figure with its 95 % interval. The bounds are null where too little is known. */
export type Estimate = { value: number; low: number | null; high: number | null };
