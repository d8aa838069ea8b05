import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import { connect, createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net';
import { createServer as createTls, type TlsOptions } from 'node:tls';

export type Listener = { port: number; close(): Promise<void> };

/** Accepts connections and never says a word. */
export function listenSilently(): Promise<Listener> {
  return listening(createTcp());
}

/** An archive that finds nothing, over TLS where `tls` is given; `answer` may answer otherwise. */
export function listenWeb(answer: RequestListener = findNothing, tls?: ServerOptions): Promise<Listener> {
  return listening(tls ? createHttps(tls, answer) : createHttp(answer));
}

export const findNothing: RequestListener = (request, response) => {
  const status = request.url?.includes('/metadata') ? 404 : request.method === 'POST' ? 409 : 200;
  response.writeHead(status, { 'content-type': 'application/dicom+json' }).end('[]');
};

/** Speaks TLS for a port of this machine that does not. */
export function listenTlsFor(port: number, tls: TlsOptions): Promise<Listener> {
  return listening(
    createTls(tls, (socket) => {
      const plain = connect(port, '127.0.0.1').on('error', () => socket.destroy());
      socket.on('error', () => plain.destroy()).pipe(plain);
      plain.pipe(socket);
    }),
  );
}

async function listening(server: TcpServer | Server): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, close };
}
