/**
 * Ends the process as a signal does that nobody handles. `process.exit` would first take down the threads, and ONNX Runtime
 * aborts when it comes back to one that is gone.
 */
export function endNow(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
