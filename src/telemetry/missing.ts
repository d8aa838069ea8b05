/** A part that this process needs and lacks now, and what to do about it. `message` names no patient and no secret. */
export type Missing = {
  part: 'process' | 'database' | 'migrations' | 'model' | 'store';
  code: string;
  message: string;
};
