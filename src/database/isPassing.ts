/**
 * PostgreSQL's codes for faults that pass (its manual, appendix A): class 08, a connection that broke; 53, no
 * connection, memory or disk to spare; 57P, a server that starts, stops or restarts; 57014, a statement that took too
 * long; and 25006, a standby that is about to take over. Beside them the operating system's codes for a network that is
 * interrupted.
 */
const PASSING_CODE =
  /^(08\w{3}|53\w{3}|57P\d\d|57014|25006|ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN|ENOENT)$/;

/** Whether a failure to connect may be over in a moment. No code: pg gives none to a connection that was cut off. */
export function isPassing(code: unknown): boolean {
  return code === undefined || PASSING_CODE.test(String(code));
}
