/** Whether an error is PostgreSQL's 23503: the row that a new one refers to was deleted since it was looked up. */
export function isForeignKeyViolation(error: unknown): boolean {
  const { code, meta } = error as {
    code?: string;
    meta?: { code?: string; driverAdapterError?: { cause?: { originalCode?: string } } };
  };
  return code === 'P2003' || meta?.code === '23503' || meta?.driverAdapterError?.cause?.originalCode === '23503';
}
