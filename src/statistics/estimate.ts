/** A figure with its 95 % interval; bounds are null where too little is known for one. */
export type Estimate = { value: number; low: number | null; high: number | null };
