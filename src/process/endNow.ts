/**
 * Ends the process as an unhandled signal does. `process.exit` would end the threads first, and ONNX Runtime aborts
 * when it returns to a thread that has ended.
 */
export function endNow(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
