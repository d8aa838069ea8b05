/** Attributes of a span: numbers, and words that we chose. No UID, no patient's data, no text of a caller. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/**
 * A span that has not ended. `run`: spans that begin in `work`, and in what it starts, lie below this one. `end`: takes
 * "OK", the code of an error, or an HTTP status.
 */
export type OpenSpan = { run<T>(work: () => T): T; end(outcome?: string | number, attributes?: SpanAttributes): void };

/**
 * Records spans of what this process does. A span lies below the one in whose work it begins, or below the one that
 * `traceparent` (W3C) names, which may be another process's.
 */
export type Tracing = {
  start(name: string, attributes: SpanAttributes, traceparent?: string): OpenSpan;
  /** Opens a span that lasts as long as `work`. */
  span<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>, traceparent?: string): Promise<T>;
  /** Renames the current span, and adds attributes. */
  rename(name: string, attributes: SpanAttributes): void;
  /** The current span, for work that another process does later; undefined where there is none. */
  traceparent(): string | undefined;
  close(): Promise<void>;
};

const NO_SPAN: OpenSpan = { run: (work) => work(), end: () => {} };

/** Records nothing, and costs nothing: OpenTelemetry is not even loaded. */
export const NO_TRACING: Tracing = {
  start: () => NO_SPAN,
  span: (_name, _attributes, work) => work(),
  rename: () => {},
  traceparent: () => undefined,
  close: async () => {},
};
