/**
 * Wraps a callback of a stream, socket or timer, whose errors nobody else would catch. They go to `fail`, which ends
 * that one request or connection, and nothing else.
 */
export function guarded<Given extends unknown[]>(
  fail: (error: unknown) => void,
  callback: (...given: Given) => unknown,
): (...given: Given) => void {
  return (...given) => {
    try {
      const result = callback(...given);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
