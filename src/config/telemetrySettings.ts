import { z } from 'zod';
import { across, address, integer, oneOf } from './settingKinds.js';

/** What operators see of a running MRIMaster. */
export type TelemetrySettings = {
  logLevel: string;
  /** Port where a worker serves its health and metrics; null: none. A server does so at its own port. */
  metricsPort: number | null;
  /** Whether spans are sent to an OpenTelemetry collector. */
  tracing: boolean;
};

/** Schema of the settings of logs, metrics and traces. */
export const telemetrySettings = () =>
  z
    .object({
      LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error', 'silent'])
        .prefault('info')
        .meta({ description: 'What the log holds: debug, info, warn, error or silent.' }),
      METRICS_PORT: integer(0, 65_535).optional().meta({
        description:
          'Port where a worker (mrimaster worker) tells of its health and metrics; each of a machine needs its own. Nowhere by default. A server does so at PORT.',
      }),
      ...traceSettings,
    })
    .check(
      across((given) => {
        const protocol = given.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? given.OTEL_EXPORTER_OTLP_PROTOCOL;
        return sendsTraces(given) && protocol === 'grpc'
          ? 'OTEL_EXPORTER_OTLP_PROTOCOL grpc is not spoken. Name the HTTP port of the collector, usually 4318.'
          : undefined;
      }),
    )
    .transform(
      (given): TelemetrySettings => ({
        logLevel: given.LOG_LEVEL,
        metricsPort: given.METRICS_PORT ?? null,
        tracing: sendsTraces(given),
      }),
    )
    .meta({
      title: 'Logs, metrics and traces',
      description:
        "What operators see, see docs/operations.md. Traces go to an OpenTelemetry collector by OTLP/HTTP; none by default. OpenTelemetry's other variables (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_EXPORTER_OTLP_HEADERS ...) hold, too: its exporter reads them by itself.",
    });

/** The variables of OpenTelemetry that decide whether we load it. */
const traceSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: address(['http:', 'https:'], 'http://127.0.0.1:4318')
    .optional()
    .meta({ description: 'The collector. Traces are sent where one is named.', example: 'http://127.0.0.1:4318' }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z
    .string()
    .optional()
    .meta({ description: 'The same for traces alone, with its path.', example: 'http://127.0.0.1:4318/v1/traces' }),
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .string()
    .optional()
    .meta({ description: 'How the collector is spoken to: by HTTP, so that grpc is refused.', example: 'http/json' }),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: z.string().optional().meta({ description: 'The same for traces alone.' }),
  OTEL_TRACES_EXPORTER: oneOf(['otlp', 'none'], 'must be otlp or none (spans are sent to an OpenTelemetry collector)')
    .optional()
    .meta({
      description:
        '"otlp" sends traces to a collector on this machine where none is named. "none" sends no traces at all.',
    }),
  OTEL_SDK_DISABLED: z.string().optional().meta({ description: '"true" sends no traces, whatever else is set.' }),
};

function sendsTraces(given: { readonly [Name in keyof typeof traceSettings]?: unknown }): boolean {
  const { OTEL_TRACES_EXPORTER: exporter, OTEL_SDK_DISABLED: disabled } = given;
  if (exporter === 'none' || String(disabled).toLowerCase() === 'true') return false;
  const endpoint = given.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? given.OTEL_EXPORTER_OTLP_ENDPOINT;
  return exporter !== undefined || endpoint !== undefined;
}
