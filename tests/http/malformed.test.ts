import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Spawned, spawnProgram, temporaryFolder } from '../setup/program.js';
import { RELATED } from '../setup/related.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Spawned;
beforeAll(async () => {
  folder = await temporaryFolder();
  server = await spawnProgram({ DATA_DIR: join(folder.path, 'data'), DICOM_PORT: 'off' });
});
afterAll(async () => {
  server.child.kill('SIGTERM');
  if (server.child.exitCode === null) await once(server.child, 'exit');
  await folder.remove();
});

const PREFLIGHT = { 'apollo-require-preflight': 'true' };

const stow = (body: Buffer | string, type = RELATED) =>
  fetch(`${server.url}/dicom-web/studies`, { method: 'POST', headers: { 'content-type': type }, body: body as never });

function form(parts: Record<string, string>): string {
  const text = Object.entries(parts).map(([name, value]) => {
    const file = name === 'operations' || name === 'map' ? '' : '; filename="f"';
    return `--x\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n`;
  });
  return `${text.join('')}--x--\r\n`;
}
const upload = (body: string) =>
  fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { ...PREFLIGHT, 'content-type': 'multipart/form-data; boundary=x' },
    body,
  });

/** After the second in which the service once died of what it had answered before. */
async function isAlive(): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 1300));
  expect(server.log()).not.toContain('unknown reason');
  return (await fetch(`${server.url}/healthz`)).ok && server.child.exitCode === null;
}

describe('a body that is no multipart', () => {
  it.each([
    ['300 kB of zeros', Buffer.alloc(300_000), RELATED],
    ['bare line feeds', `--b\nContent-Type: application/dicom\n\n${'x'.repeat(200_000)}\n--b--\n`, RELATED],
    ['a part header over 16 kB', `--b\r\nX: ${'y'.repeat(200_000)}\r\n\r\nx\r\n--b--\r\n`, RELATED],
    ['another boundary', `--c\r\n\r\n${'x'.repeat(200_000)}\r\n--c--\r\n`, RELATED],
    ['no end', `--b\r\n\r\n${'x'.repeat(200_000)}`, RELATED],
    ['a header without a colon', `--b\r\nnothing\r\n\r\n${'x'.repeat(200_000)}\r\n--b--`, RELATED],
  ])('is answered with 409 and ends nothing: %s', async (_, body, type) => {
    expect((await stow(body, type)).status).toBe(409);
    expect(await isAlive()).toBe(true);
  });

  it('ends nothing where its sender has gone before the answer', async () => {
    const { hostname, port } = new URL(server.url);
    for (const type of [RELATED, 'multipart/form-data; boundary=x', 'application/json']) {
      const path = type === RELATED ? '/dicom-web/studies' : '/graphql';
      const socket = connect(Number(port), hostname);
      const head = `POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: ${type}\r\nContent-Length: 500000\r\n`;
      socket.write(`${head}Apollo-Require-Preflight: true\r\n\r\n--b\r\n${'x'.repeat(100_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.resetAndDestroy();
    }
    expect(await isAlive()).toBe(true);
  });
});

describe('an upload', () => {
  const operations = JSON.stringify({ query: 'mutation ($f: Upload!) { x }', variables: { f: null } });

  it.each(['toString', '__proto__', 'constructor', 'hasOwnProperty'])(
    'may call its file %s: a name as any other',
    async (name) => {
      const unnamed = await upload(form({ operations, map: '{}', [name]: 'x' }));
      expect((await unnamed.json()).errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
      const named = await upload(form({ operations, map: `{"${name}": ["variables.f"]}`, [name]: 'x' }));
      expect((await named.json()).errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
      expect(await isAlive()).toBe(true);
    },
  );

  it('is refused where its map reaches for a prototype', async () => {
    for (const place of ['variables.__proto__', 'variables.constructor.prototype.x', '__proto__.x']) {
      const answer = await upload(form({ operations, map: JSON.stringify({ f: [place] }), f: 'x' }));
      expect(answer.status).toBe(400);
    }
    expect(await isAlive()).toBe(true);
  });
});
