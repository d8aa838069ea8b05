import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { hashToken } from '../../src/identity/tokens.js';
import { type Program, startProgram, temporaryFolder } from '../setup/program.js';

const WORKLIST = 'https://worklist.hospital.example';
const TOKEN = 'mri_a-token-of-the-tests';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  const tokens = join(folder.path, 'tokens.json');
  writeFileSync(tokens, JSON.stringify([{ name: 'one', sha256: hashToken(TOKEN), grants: ['reader'] }]));
  program = await startProgram({
    DATA_DIR: join(folder.path, 'data'),
    ALLOWED_ORIGINS: `${WORKLIST}, https://viewer.hospital.example`,
    TOKENS_FILE: tokens,
  });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

const url = () => `${program.server.url}/graphql`;
const allowed = (response: Response) => response.headers.get('access-control-allow-origin');

function preflight(origin: string): Promise<Response> {
  const asked = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  };
  return fetch(url(), { method: 'OPTIONS', headers: { origin, ...asked } });
}

function post(origin: string, token: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}`, origin };
  return fetch(url(), { method: 'POST', headers, body: JSON.stringify({ query: '{ server { version } }' }) });
}

function subscribes(origin: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url().replace('http', 'ws'), 'graphql-transport-ws', { origin });
    socket.on('error', () => {});
    socket.once('unexpected-response', (_request, { statusCode }) => resolve(String(statusCode)));
    socket.once('open', () => {
      resolve('open');
      socket.terminate();
    });
  });
}

describe('a page of an origin of ALLOWED_ORIGINS', () => {
  it('may ask, without a token for asking whether it may', async () => {
    const answer = await preflight(WORKLIST);
    expect({ status: answer.status, origin: allowed(answer) }).toEqual({ status: 204, origin: WORKLIST });
    expect(answer.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('reads answers and refusals alike', async () => {
    const answer = await post(WORKLIST, TOKEN);
    expect({ status: answer.status, origin: allowed(answer) }).toEqual({ status: 200, origin: WORKLIST });
    const refused = await post(WORKLIST, 'mri_guessed');
    expect({ status: refused.status, origin: allowed(refused) }).toEqual({ status: 401, origin: WORKLIST });
  });

  it('may subscribe', async () => {
    expect(await subscribes('https://viewer.hospital.example')).toBe('open');
  });
});

it('a page of another origin reads nothing', async () => {
  for (const origin of ['https://evil.example', `${WORKLIST}.evil.example`, 'http://worklist.hospital.example']) {
    expect(allowed(await preflight(origin))).toBeNull();
    expect(allowed(await post(origin, TOKEN))).toBeNull();
    expect(await subscribes(origin)).toBe('403');
  }
});
