import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Answer } from '../setup/program.js';

export type Span = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: Record<string, string | number>;
  failed: boolean;
};

/** `text`: all that came, as it came. */
export type Collector = {
  url: string;
  spans(): Span[];
  resource(): Record<string, string>;
  text(): string;
  close(): void;
};

/** An OpenTelemetry collector that keeps what it is sent as OTLP/HTTP, in JSON. */
export async function startCollector(): Promise<Collector> {
  const bodies: Answer[] = [];
  const server = createServer(async (request, response) => {
    if (request.url !== '/v1/traces') return void response.writeHead(404).end();
    bodies.push(await json(request));
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ofResource = () => bodies.flatMap(({ resourceSpans }) => resourceSpans);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => ofResource().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }: Answer) => spans.map(read))),
    resource: () => attributesOf(ofResource()[0].resource.attributes) as Record<string, string>,
    text: () => JSON.stringify(bodies),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function read({ attributes, status, ...span }: Answer): Span {
  return { ...span, attributes: attributesOf(attributes), failed: status.code === 2 };
}

function attributesOf(attributes: Answer[]): Record<string, string | number> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]));
}
