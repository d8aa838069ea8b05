import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  type Context as TraceContext,
  trace,
} from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import pTimeout from 'p-timeout';
import { VERSION } from '../about.js';
import type { Log } from '../output/log.js';
import { codeOf } from './outcome.js';
import type { OpenSpan, Tracing } from './tracing.js';

/** How long the end of the process waits for the last spans: a collector that is down must not delay it. */
const LAST_SPANS_MS = 3_000;
const COMPLAIN_MS = 60_000;

/**
 * Opens tracing by OpenTelemetry, which sends spans as OTLP/HTTP to the collector that OTEL_EXPORTER_OTLP_ENDPOINT
 * names. Its exporter reads that and the other OTEL_EXPORTER_OTLP_* variables by itself. Nothing is registered
 * globally, so that no library adds spans of its own, whose attributes we do not know.
 */
export function openTracing(log: Log): Tracing {
  const ours = resourceFromAttributes({ 'service.name': 'mrimaster', 'service.version': VERSION });
  const resource = ours.merge(detectResources({ detectors: [envDetector] }));
  const processor = new BatchSpanProcessor({ exporter: complaining(new OTLPTraceExporter(), log) });
  const provider = new TracerProvider({ resource, spanProcessors: [processor] });
  const tracer = provider.getTracer('mrimaster', VERSION);
  const current = new AsyncLocalStorage<TraceContext>();
  const active = () => current.getStore() ?? ROOT_CONTEXT;

  const start: Tracing['start'] = (name, attributes, traceparent) => {
    const parent = remote(traceparent) ?? active();
    const span = tracer.startSpan(name, { attributes }, parent);
    const below = trace.setSpan(parent, span);
    return { run: (work) => current.run(below, work), end: ending(span) };
  };
  return {
    start,
    span: async (name, attributes, work, traceparent) => {
      const span = start(name, attributes, traceparent);
      try {
        const result = await span.run(work);
        span.end();
        return result;
      } catch (error) {
        span.end(codeOf(error)); // the code alone: the message may name a study
        throw error;
      }
    },
    rename: (name, attributes) => void trace.getSpan(active())?.updateName(name).setAttributes(attributes),
    traceparent: () => {
      const of = trace.getSpanContext(active());
      return of && `00-${of.traceId}-${of.spanId}-0${of.traceFlags & 1}`;
    },
    close: async () => {
      await pTimeout(provider.shutdown(), { milliseconds: LAST_SPANS_MS }).catch(() => {
        log.warn('The last spans were not sent: the collector does not answer in time.');
      });
    },
  };
}

/** The parent span that a caller, or the job's row, names. Its tracestate is left out: that may be any text. */
function remote(traceparent: string | undefined): TraceContext | undefined {
  const parsed = traceparent === undefined ? null : parseTraceParent(traceparent);
  return parsed
    ? trace.setSpanContext(ROOT_CONTEXT, { ...parsed, isRemote: true, traceState: createTraceState() })
    : undefined;
}

function ending(span: Span): OpenSpan['end'] {
  return (outcome = 'OK', attributes = {}) => {
    span.setAttributes(attributes);
    const failed = typeof outcome === 'number' ? outcome >= 500 : outcome !== 'OK';
    if (failed) span.setAttribute('error.type', String(outcome)).setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
}

/** Wraps an exporter: its failures are logged, once a minute at most. */
function complaining(exporter: OTLPTraceExporter, log: Log): SpanExporter {
  let quietUntil = 0;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code !== 0 && performance.now() >= quietUntil) {
          quietUntil = performance.now() + COMPLAIN_MS;
          log.warn('Spans could not be sent. See that OTEL_EXPORTER_OTLP_ENDPOINT names a collector that runs.');
        }
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
