/** Of numbers and of words that we chose: no UID, no patient's data, no text of a caller. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/**
 * A span that is not over. `run`: what begins in `work`, and in what that starts, lies below it. `end`: with "OK", the code
 * of an error, or an HTTP status.
 */
export type OpenSpan = { run<T>(work: () => T): T; end(outcome?: string | number, attributes?: SpanAttributes): void };

/**
 * Spans of what this process does, each below the one in whose work it begins, or below what `traceparent` (W3C) names, in
 * another process perhaps.
 */
export type Tracing = {
  start(name: string, attributes: SpanAttributes, traceparent?: string): OpenSpan;
  /** One that lasts as long as `work`. */
  span<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>, traceparent?: string): Promise<T>;
  /** Says more of the span at hand, and calls it otherwise. */
  rename(name: string, attributes: SpanAttributes): void;
  /** The span at hand, for work that another process does later; undefined where there is none. */
  traceparent(): string | undefined;
  close(): Promise<void>;
};

const NO_SPAN: OpenSpan = { run: (work) => work(), end: () => {} };

/** Costs nothing: OpenTelemetry is not even loaded. */
export const NO_TRACING: Tracing = {
  start: () => NO_SPAN,
  span: (_name, _attributes, work) => work(),
  rename: () => {},
  traceparent: () => undefined,
  close: async () => {},
};
