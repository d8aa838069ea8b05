import { z } from 'zod';

/** Of the variables that OpenTelemetry defines, those that decide whether it is loaded; its exporter reads the others. */
export const tracingEnvironment = {
  OTEL_TRACES_EXPORTER: z
    .enum(['otlp', 'none'], {
      error: 'OTEL_TRACES_EXPORTER must be otlp or none: spans are sent to an OpenTelemetry collector.',
    })
    .optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), {
      message: 'OTEL_EXPORTER_OTLP_ENDPOINT must be an address like http://127.0.0.1:4318.',
    })
    .optional(),
};

/** Whether spans are sent to a collector: only where one is named, or asked for. What is wrong goes to `problems`. */
export function readTracing(given: NodeJS.ProcessEnv, problems: string[]): boolean {
  const { OTEL_TRACES_EXPORTER: exporter, OTEL_SDK_DISABLED } = given;
  if (exporter === 'none' || OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  const named = given.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? given.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (exporter === undefined && named === undefined) return false;
  const protocol = given.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? given.OTEL_EXPORTER_OTLP_PROTOCOL;
  if (protocol === 'grpc')
    problems.push('OTEL_EXPORTER_OTLP_PROTOCOL grpc is not spoken. Name the HTTP port of the collector, usually 4318.');
  return true;
}
