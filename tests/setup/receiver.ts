import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, until } from './program.js';

export type Received = { headers: IncomingHttpHeaders; text: string; body: Answer };
/** `answer`: the status of the next answers, in order, the last one for all others; null = silence. */
export type Receiver = {
  url: string;
  received: Received[];
  answer(...statuses: (number | null)[]): void;
  has(count: number): Promise<Received[]>;
  close(): void;
};

/** Whom webhooks are sent to. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let statuses: (number | null)[] = [204];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    received.push({ headers: request.headers, text, body: JSON.parse(text) });
    const status = statuses.length > 1 ? statuses.shift() : statuses[0];
    if (status) response.writeHead(status, { location: '/elsewhere' }).end('as you like');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answer: (...given) => {
      statuses = given;
    },
    has: (count) =>
      until(
        async () => received,
        (all) => all.length >= count,
      ),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
