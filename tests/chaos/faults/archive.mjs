import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const SLOW_MS = 4000;

/** What the archive does to a request instead of answering it. */
const TROUBLES = {
  down: ({ socket }) => socket.destroy(),
  refusing: (_request, response) => response.writeHead(403).end('no'),
  overloaded: (_request, response) => response.writeHead(503, { 'retry-after': '1' }).end(),
  slow: async (incoming, response, forward) => {
    await sleep(SLOW_MS);
    forward(incoming, response);
  },
  noise: (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(randomBytes(2000)),
  nonsense: (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/dicom+json' }).end('[{"0020000D":null},7,{"vr":[]}]'),
  cut: (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/dicom+json', 'content-length': '5000' });
    response.write('[{"0020000D":{"vr":"UI","Value":["1.2');
    setTimeout(() => response.destroy(), 50);
  },
  // It did what it was asked, and its answer is lost: the case that doubles results where they are not idempotent.
  silent: (incoming, response, forward) => forward(incoming, response, () => response.destroy()),
};

/** The archive is down, slow, refusing, or answers garbage, by turns. */
export const archiveFault = {
  name: 'archive',
  title: `the archive is by turns ${Object.keys(TROUBLES).join(', ')}`,
  open: async ({ random, archive }) => {
    let trouble = null;
    const target = new URL(archive.url);
    const forward = (incoming, response, instead) => {
      const { method, headers, url: path } = incoming;
      const outgoing = request({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
        if (instead) return answer.resume().on('end', instead);
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', () => response.destroy());
      incoming.on('error', () => outgoing.destroy()).pipe(outgoing);
    };
    const proxy = createServer((incoming, response) => {
      if (trouble) trouble(incoming, response, forward);
      else forward(incoming, response);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    return {
      env: { PACS_URL: `http://127.0.0.1:${proxy.address().port}/dicom-web` },
      strike: async () => {
        trouble = TROUBLES[random.of(Object.keys(TROUBLES))];
      },
      heal: async () => {
        trouble = null;
      },
      close: async () => {
        proxy.close();
        proxy.closeAllConnections();
      },
    };
  },
};
