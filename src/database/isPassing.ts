/**
 * PostgreSQL's codes for what passes (its manual, appendix A): class 08, a connection that broke; 53, no connection,
 * memory or disk to spare; 57P, a server that starts, stops or restarts; 57014, a statement that took too long; and 25006,
 * a standby that is to take over. Beside them those of the system for a way that is not there now.
 */
const PASSING_CODE =
  /^(08\w{3}|53\w{3}|57P\d\d|57014|25006|ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN|ENOENT)$/;

/** Whether a failure to connect to the database may be over in a moment. pg gives a connection that was cut no code. */
export function isPassing(code: unknown): boolean {
  return code === undefined || PASSING_CODE.test(String(code));
}
