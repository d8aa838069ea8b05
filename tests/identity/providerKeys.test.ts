import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProvider } from '../../src/identity/provider.js';
import type { KeyTimes } from '../../src/identity/providerKeys.js';
import { patience } from '../setup/patience.js';

const AUDIENCE = 'mrimaster';
const DAY_MS = 86_400_000;
let server: Server;
let issuer: string;
let asked: string[] = [];
let isDown = false;
/** What the discovery document says; by default where the keys are. */
let jwksUri: string | undefined;
let keys: object[] = [];
const signers: Record<string, CryptoKey> = {};

beforeAll(async () => {
  server = createServer(({ url = '' }, response) => {
    asked.push(url);
    if (isDown) return response.writeHead(503).end();
    const answer = url.endsWith('/keys') ? { keys } : { issuer, jwks_uri: jwksUri ?? `${issuer}/keys` };
    return response.end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  keys = [await makeKey('one')];
});
afterAll(() => {
  server.close();
});

async function makeKey(kid: string): Promise<object> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  signers[kid] = privateKey;
  return { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
}

function token(kid: string): Promise<string> {
  return new SignJWT({ roles: ['reader'] })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setSubject('dr-house')
    .setIssuer(issuer)
    .setAudience(AUDIENCE)
    .setExpirationTime('5m')
    .sign(signers[kid] as CryptoKey);
}

/** A provider that has been asked nothing yet. */
function provider(times: KeyTimes): (token: string) => Promise<{ subject: string }> {
  [asked, isDown, jwksUri] = [[], false, undefined];
  return createProvider(
    { issuer, audience: AUDIENCE, jwksUrl: undefined, rolesClaim: 'roles', grants: new Map() },
    times,
  );
}

describe("a provider's keys", () => {
  it('are found and fetched once for all tokens that come together', async () => {
    const check = provider({ renewMs: DAY_MS, keepMs: DAY_MS });
    const one = await token('one');
    const callers = await Promise.all([1, 2, 3, 4].map(() => check(one)));
    expect(callers.map(({ subject }) => subject)).toEqual(Array(4).fill('oidc:dr-house'));
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  it('go on to count while it is down', async () => {
    const check = provider({ renewMs: 0, keepMs: DAY_MS });
    const one = await token('one');
    await check(one);
    isDown = true;
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await check(one)).toMatchObject({ subject: 'oidc:dr-house' });
    }
    expect(asked.filter((path) => path === '/keys').length).toBeGreaterThan(2); // it was asked, and did not answer
  });

  it('count no more when it has been down for too long', async () => {
    const check = provider({ renewMs: 0, keepMs: 30 });
    const one = await token('one');
    await check(one);
    isDown = true;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(check(one)).rejects.toMatchObject({ code: 'IDENTITY_PROVIDER_UNREACHABLE' });
  });

  it('that it has withdrawn are refused once they are renewed', async () => {
    const check = provider({ renewMs: 0, keepMs: DAY_MS });
    const one = await token('one');
    await check(one);
    const before = keys;
    keys = [await makeKey('two')];
    await expect
      .poll(() => check(one).then(String, ({ code }) => code), { timeout: patience(5000) })
      .toBe('UNAUTHENTICATED');
    expect(await check(await token('two'))).toMatchObject({ subject: 'oidc:dr-house' });
    keys = before;
  });

  it('are fetched from no address in the clear', async () => {
    const check = provider({ renewMs: 0, keepMs: DAY_MS });
    jwksUri = 'http://keys.hospital.example/keys';
    await expect(check(await token('one'))).rejects.toThrow('its jwks_uri is not an https address');
    jwksUri = undefined;
    expect(await check(await token('one'))).toMatchObject({ subject: 'oidc:dr-house' }); // it is asked again
  });
});
