/** A part without which this process cannot do its work now, and what to do about it. Names no patient and no secret. */
export type Missing = {
  part: 'process' | 'database' | 'migrations' | 'model' | 'store';
  code: string;
  message: string;
};
