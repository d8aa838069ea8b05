import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { comesByProxy } from '../../src/http/requests/knownProxies.js';
import { hashEntry } from '../../src/identity/audit.js';
import { importFiles } from '../../src/intake/importFiles.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { createAuthority } from '../setup/authority.js';
import { type Answer, type Program, runCli, startProgram, temporaryFolder } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';

const hasOpenssl = requirePart('OpenSSL', spawnSync('openssl', ['version']).status === 0, 'Install openssl.');
const AUDIENCE = 'mrimaster';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
let provider: Provider;
let uid: string;
let env: Record<string, string>;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  folder = await temporaryFolder();
  provider = await startProvider();
  const file = join(folder.path, 'tokens.json');
  const roles = {
    reader: ['reader'],
    radiologist: ['radiologist'],
    operator: ['operator'],
    viewer: ['reader', 'pixels'],
  };
  // All at once: none of them is lost.
  const creations = Object.entries(roles).map(async ([name, grants]) => {
    const made = await runCli(['token', 'create', '--name', name, '--grant', ...grants, '--file', file]);
    expect(made.code, made.stderr).toBe(0);
    tokens[name] = made.stdout.trim();
  });
  await Promise.all(creations);
  const past = ['token', 'create', '--name', 'past', '--grant', 'admin', '--expires', '2026-01-01', '--file', file];
  tokens.past = (await runCli(past)).stdout.trim();
  env = {
    DATA_DIR: join(folder.path, 'data'),
    TOKENS_FILE: file,
    OIDC_ISSUER: provider.issuer,
    OIDC_AUDIENCE: AUDIENCE,
    OIDC_ROLES_CLAIM: 'realm_access.roles',
    OIDC_ROLES: 'radiologist=Radiology Staff,reader=Everybody',
  };
  program = await startProgram(env);
  uid = (await writeSampleStudy(join(folder.path, 'sample'))).studyInstanceUid;
  await importFiles(program.context, join(folder.path, 'sample'));
  await program.context.prisma.study.update({ where: { studyInstanceUid: uid }, data: { accessionNumber: 'A-17' } });
});
afterAll(async () => {
  await program?.close();
  provider?.close();
  await folder.remove();
});

const WORKLIST = `{ studies(first: 5) { nodes { studyInstanceUid accessionNumber patient { name } } } }`;
const PICTURES = `{ studies(first: 1) { nodes { slices(first: 1) { nodes { image { url base64 } } } } } }`;

async function post(token: string | undefined, query: string, variables = {}) {
  const response = await fetch(`${program.server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer };
}
const audited = (where: object = {}) => program.context.prisma.auditEntry.findMany({ where, orderBy: { seq: 'asc' } });

describe('a caller', () => {
  it('who proves nothing gets nothing, on every route', async () => {
    const { body, headers, status } = await post(undefined, '{ __typename }');
    expect({ status, code: body.errors[0].extensions.code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
    expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
    for (const token of ['mri_guessed', tokens.past, 'a.b.c', ''])
      expect((await post(token, WORKLIST)).status).toBe(401);
    const routes = [
      ['GET', `/fhir/studies/${uid}`],
      ['GET', '/images/slices/slice-1.png'],
      ['GET', '/images/explanations/explanation-1/overlay.png'],
      ['POST', '/arrivals'],
      ['POST', '/dicom-web/studies'],
      ['GET', '/graphql?query=%7B__typename%7D'],
    ] as const;
    for (const [method, path] of routes) {
      const answer = await fetch(program.server.url + path, { method });
      expect({ path, status: answer.status }).toEqual({ path, status: 401 });
      await answer.arrayBuffer();
    }
  });

  it('with a token sees what its role may, whoever else sees more in the same query', async () => {
    const seen = async (token: string | undefined) => (await post(token, WORKLIST)).body.data.studies.nodes[0];
    expect(await seen(tokens.reader)).toEqual({ studyInstanceUid: uid, accessionNumber: null, patient: null });
    expect(await seen(tokens.operator)).toEqual({ studyInstanceUid: uid, accessionNumber: null, patient: null });
    expect(await seen(tokens.radiologist)).toMatchObject({ accessionNumber: 'A-17', patient: { name: /\^/ } });
  });

  it('is refused, with fields and right, before anything runs', async () => {
    const { body, status } = await post(tokens.reader, PICTURES);
    expect(status).toBe(403);
    expect(body.errors[0]).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
    expect(body.errors[0].message).toContain('Image.url, Image.base64 need "pixels"');
    const jobs = await program.context.prisma.job.count();
    const classify = `mutation { classifyStudy(input: { studyInstanceUid: "${uid}" }) { job { id } } }`;
    expect((await post(tokens.reader, classify)).status).toBe(403);
    expect(await program.context.prisma.job.count()).toBe(jobs);
    const hidden = `query ($no: Boolean!) { ... on Query { ...F @include(if: $no) } } fragment F on Query { pacs { name } }`;
    expect((await post(tokens.reader, hidden, { no: false })).status).toBe(403);
    expect((await post(tokens.operator, hidden, { no: true })).body.data.pacs).toEqual([]);
  });

  it('may have a right beside its role', async () => {
    const { body } = await post(tokens.viewer, PICTURES);
    const [{ image }] = body.data.studies.nodes[0].slices.nodes;
    expect(Buffer.from(image.base64, 'base64').subarray(1, 4).toString()).toBe('PNG');
  });

  it('without identity cannot search an archive by it', async () => {
    const search = '{ pacsStudies(filter: { patientName: "DOE*" }) { nodes { studyInstanceUid } } }';
    expect((await post(tokens.operator, search)).body.errors[0].extensions.code).toBe('FORBIDDEN');
    expect((await post(tokens.radiologist, search)).body.errors[0].extensions.code).toBe('PACS_NOT_CONFIGURED');
  });
});

describe('a token of the provider', () => {
  const ask = async (claims: object, options?: Parameters<Provider['issue']>[1]) =>
    post(await provider.issue(claims, options), WORKLIST);

  it('counts with the roles that it claims, by the names that were given for ours, and no others', async () => {
    const reader = await ask({ realm_access: { roles: ['Everybody'] } });
    expect(reader.body.data.studies.nodes[0]).toMatchObject({ patient: null });
    const theirs = await ask({ realm_access: { roles: ['Radiology Staff', 'something else'] } });
    expect(theirs.body.data.studies.nodes[0].patient.name).toBeTruthy();
    expect((await ask({})).status).toBe(403); // known, and without any role
    expect((await ask({ realm_access: { roles: ['admin'] } })).status).toBe(403); // of the provider, not of ours
  });

  it('is refused when it has expired, is for another server, of another issuer, or signed by somebody else', async () => {
    const roles = { realm_access: { roles: ['Everybody'] } };
    for (const options of [
      { expires: '-1h' },
      { audience: 'another' },
      { issuer: 'http://127.0.0.1:9/' },
      { forged: true },
      { unsigned: true },
    ])
      expect({ options, status: (await ask(roles, options)).status }).toEqual({ options, status: 401 });
  });

  it('waits for the provider where that does not answer', async () => {
    const own = await temporaryFolder();
    const gone = { ...env, DATA_DIR: join(own.path, 'data'), OIDC_ISSUER: 'http://127.0.0.1:9/realm' };
    const other = await startProgram(gone);
    const response = await fetch(`${other.server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await provider.issue({})}` },
      body: JSON.stringify({ query: '{ __typename }' }),
    });
    expect(response.status).toBe(503);
    expect(((await response.json()) as Answer).errors[0].extensions.code).toBe('IDENTITY_PROVIDER_UNREACHABLE');
    await other.close();
    await own.remove();
  });
});

describe('a picture', () => {
  it('that cannot be is not found', async () => {
    for (const path of ['slices/x%00.png', 'slices/slice-1.png', 'explanations/x%00/overlay.png']) {
      const authorization = `Bearer ${tokens.viewer}`;
      const { status } = await fetch(`${program.server.url}/images/${path}`, { headers: { authorization } });
      expect({ path, status }).toEqual({ path, status: 404 });
    }
  });

  it('has a link that needs no token, is for that picture alone, and is seen by whom it was given to', async () => {
    const { body } = await post(tokens.viewer, PICTURES.replace('base64', ''));
    const { url } = body.data.studies.nodes[0].slices.nodes[0].image;
    const before = (await audited()).length;
    expect((await fetch(url)).status).toBe(200);
    expect((await audited()).slice(before)).toMatchObject([
      { subject: 'token:viewer', action: 'READ_PIXELS', studyInstanceUid: uid, outcome: 'OK' },
    ]);
    expect((await fetch(url.replace('.png?', '.png?size=64&'))).status).toBe(401);
    expect((await fetch(url.slice(0, -1) + (url.endsWith('A') ? 'E' : 'A'))).status).toBe(401);
    expect(decodeURIComponent(url)).not.toMatch(/viewer|mri_/);
  });
});

describe('a subscription', () => {
  const subscribe = (token: string | undefined, query: string): Promise<Answer> =>
    new Promise((resolve) => {
      const client = createClient({
        url: `${program.server.url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: token ? { authorization: `Bearer ${token}` } : {},
        retryAttempts: 0,
      });
      const end = (answer: Answer) => {
        resolve(answer);
        void client.dispose();
      };
      client.subscribe({ query }, { next: end, error: end, complete: () => {} });
    });
  const updates = (fields: string) => `subscription { studyUpdated(studyInstanceUid: "${uid}") { ${fields} } }`;

  it('has the same rules as a query', async () => {
    expect(await subscribe(undefined, updates('id'))).toMatchObject({ code: 4401, reason: 'UNAUTHENTICATED' });
    const masked = await subscribe(tokens.reader, updates('patient { name }'));
    expect(masked.data.studyUpdated).toEqual({ patient: null });
    const [refused] = await subscribe(tokens.reader, updates('slices(first: 1) { nodes { image { url } } }'));
    expect(refused.extensions.code).toBe('FORBIDDEN');
    expect((await audited()).at(-1)).toMatchObject({
      subject: 'token:reader',
      action: 'OPERATION',
      outcome: 'FORBIDDEN',
    });
    const before = (await audited({ action: 'READ_IDENTITY' })).length;
    const shown = await subscribe(tokens.radiologist, updates('patient { name }'));
    expect(shown.data.studyUpdated.patient.name).toBeTruthy();
    expect(await audited({ action: 'READ_IDENTITY' })).toHaveLength(before + 1);
  });

  it('ends when its token does', async () => {
    const token = await provider.issue({ realm_access: { roles: ['Everybody'] } }, { expires: '2s' });
    const closed = new Promise<Answer>((resolve) => {
      const socket = new WebSocket(`${program.server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      socket.on('open', () =>
        socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
      );
      socket.on('close', (code) => resolve(code));
    });
    expect(await closed).toBe(4401);
  });
});

describe('encryption', () => {
  it.skipIf(!hasOpenssl)('serves GraphQL and subscriptions over TLS, and nobody in the clear', async () => {
    const { certificate, key } = createAuthority(folder.path).issue('server', 'IP:127.0.0.1');
    const own = { DATA_DIR: join(folder.path, 'tls'), TLS_CERTIFICATE: certificate, TLS_KEY: key };
    const secure = await startProgram({ ...env, ...own });
    const ca = readFileSync(join(folder.path, 'authority.pem'));
    expect(secure.server.url).toMatch(/^https:/);
    const answered = await new Promise<Answer>((resolve, reject) => {
      const headers = { authorization: `Bearer ${tokens.reader}`, 'apollo-require-preflight': '1' };
      get(`${secure.server.url}/graphql?query=%7B__typename%7D`, { ca, headers }, async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve(JSON.parse(text));
      }).on('error', reject);
    });
    expect(answered.data).toEqual({ __typename: 'Query' });
    const socket = new WebSocket(`${secure.server.url.replace('https', 'wss')}/graphql`, 'graphql-transport-ws', {
      ca,
    });
    const acknowledged = new Promise((resolve) =>
      socket.on('message', (data) => resolve(JSON.parse(String(data)).type)),
    );
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${tokens.reader}` } })),
    );
    expect(await acknowledged).toBe('connection_ack');
    socket.close();
    await expect(fetch(secure.server.url.replace('https', 'http'))).rejects.toThrow();
    await secure.close();
  });

  it('is left to a reverse proxy that is named, and then nobody goes past it', () => {
    const comes = comesByProxy({ trustedProxies: ['10.0.0.5', '10.1.0.0/16', 'fd00::/8'], tls: undefined } as never);
    const addresses = ['10.0.0.5', '::ffff:10.0.0.5', '10.1.2.3', 'fd00::1', '127.0.0.1', '::1'];
    for (const address of addresses) expect({ address, comes: comes(address) }).toEqual({ address, comes: true });
    for (const address of ['10.0.0.6', '10.2.0.1', 'fe80::1', '', 'nonsense'])
      expect({ address, comes: comes(address) }).toEqual({ address, comes: false });
  });
});

describe('the audit', () => {
  it('has a row for each study whose identity was told, each mutation and each refusal, before the answer', async () => {
    const before = (await audited()).length;
    await post(tokens.radiologist, WORKLIST);
    await post(tokens.reader, WORKLIST); // sees nobody
    await post(tokens.reader, PICTURES);
    const retry = `mutation { again: retryJob(input: { jobId: "00000000-0000-4000-8000-000000000000" }) { job { id } } }`;
    await post(tokens.operator, retry);
    expect((await audited()).slice(before)).toMatchObject([
      {
        subject: 'token:radiologist',
        action: 'READ_IDENTITY',
        studyInstanceUid: uid,
        address: '127.0.0.1',
        outcome: 'OK',
      },
      { subject: 'token:reader', action: 'OPERATION', outcome: 'FORBIDDEN' },
      {
        subject: 'token:operator',
        action: 'retryJob',
        object: '00000000-0000-4000-8000-000000000000',
        outcome: 'JOB_NOT_FOUND',
      },
    ]);
  });

  it('names the study of a mutation that names something of it', async () => {
    const list = '{ studies { nodes { slices { nodes { sopInstanceUid } } } } }';
    const slices = (await post(tokens.reader, list)).body.data.studies.nodes[0].slices.nodes;
    const { sopInstanceUid } = slices[Math.floor(slices.length / 2)];
    const classify = `mutation { classifySlice(input: { sopInstanceUid: "${sopInstanceUid}" }) { prediction { id } } }`;
    const { id } = (await post(tokens.radiologist, classify)).body.data.classifySlice.prediction;
    const explain = 'mutation ($id: ID!) { explainPrediction(input: { predictionId: $id }) { explanation { id } } }';
    await post(tokens.radiologist, explain, { id });
    expect((await audited()).slice(-2)).toMatchObject([
      { action: 'classifySlice', studyInstanceUid: uid, object: sopInstanceUid },
      { action: 'explainPrediction', studyInstanceUid: uid, object: id },
    ]);
  });

  it('has mutations from fragments, of those that were refused nothing but that, and of none that @skip leaves out', async () => {
    const before = (await audited()).length;
    const retry = 'retryJob(input: { jobId: "00000000-0000-4000-8000-000000000000" }) { job { id } }';
    await post(tokens.operator, `mutation { ...F } fragment F on Mutation { ... { ${retry} } }`);
    await post(tokens.operator, `mutation { __typename ${retry.replace('{ job', '@skip(if: true) { job')} }`);
    await post(tokens.reader, `mutation { ${retry} }`);
    expect((await audited()).slice(before)).toMatchObject([
      { subject: 'token:operator', action: 'retryJob', outcome: 'JOB_NOT_FOUND' },
      { subject: 'token:reader', action: 'OPERATION', outcome: 'FORBIDDEN' },
    ]);
  });

  it('has those whom a search by name finds, whatever is shown of them', async () => {
    const before = (await audited()).length;
    await post(tokens.radiologist, '{ studies(filter: { search: "synthetic" }) { nodes { id } } }');
    await post(tokens.reader, '{ studies(filter: { search: "synthetic" }) { nodes { id } } }');
    expect((await audited()).slice(before)).toMatchObject([{ subject: 'token:radiologist', action: 'READ_IDENTITY' }]);
  });

  it('takes what no database keeps, without holding back what others are told', async () => {
    const { audit } = program.context;
    const odd = {
      subject: 'a\0b\ud800',
      action: 'X',
      studyInstanceUid: null,
      object: null,
      address: '',
      outcome: 'OK',
    };
    await audit.record([odd]);
    const kept = (await audited()).at(-1);
    expect(kept).toMatchObject({ subject: 'a?b\ufffd', hash: hashEntry(kept as never) });
  });

  it('is whole though many write to it at once, and shows what was changed, removed or cut off', async () => {
    await Promise.all(Array.from({ length: 40 }, () => post(tokens.radiologist, WORKLIST)));
    const verify = (...args: string[]) => runCli(['audit', 'verify', ...args], { DATA_DIR: env.DATA_DIR as string });
    const whole = await verify();
    expect(whole.code, whole.stdout + whole.stderr).toBe(0);
    const head = /next time: ([0-9a-f]{64})/.exec(whole.stdout)?.[1] as string;
    expect((await verify('--known', head)).stdout).toContain('has the hash that you know');
    const { prisma } = program.context;
    const rows = await audited();
    const last = rows.at(-1) as (typeof rows)[number];
    await prisma.auditEntry.delete({ where: { seq: last.seq } });
    expect(await verify('--known', head)).toMatchObject({ code: 1, stdout: expect.stringContaining('cut off') });
    await prisma.auditEntry.create({ data: last });
    const third = rows[2] as (typeof rows)[number];
    await prisma.auditEntry.update({ where: { seq: third.seq }, data: { subject: 'nobody' } });
    expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('broken at entry 3:') });
    await prisma.auditEntry.delete({ where: { seq: third.seq } });
    expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('broken at entry 3:') });
  });

  it('holds an answer back where it cannot be written', async () => {
    const { prisma } = program.context;
    await prisma.$executeRaw`ALTER TABLE "AuditEntry" RENAME TO "Elsewhere"`;
    try {
      const { body } = await post(tokens.radiologist, WORKLIST);
      expect(body).toEqual({ errors: [expect.objectContaining({ extensions: { code: 'AUDIT_UNAVAILABLE' } })] });
    } finally {
      await prisma.$executeRaw`ALTER TABLE "Elsewhere" RENAME TO "AuditEntry"`;
    }
  });
});

type Issue = { expires?: string; audience?: string; issuer?: string; forged?: boolean; unsigned?: boolean };
type Provider = { issuer: string; issue(claims: object, options?: Issue): Promise<string>; close(): void };

/** An OpenID provider, as far as we see of one: its discovery document and its keys. */
async function startProvider(): Promise<Provider> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const forger = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  let issuer = '';
  const server: Server = createServer(({ url }, response) => {
    response.setHeader('content-type', 'application/json');
    if (url === '/realm/.well-known/openid-configuration')
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
    else if (url === '/realm/keys') response.end(JSON.stringify({ keys: [jwk] }));
    else response.writeHead(404).end('{}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realm`;
  const issue = async (claims: object, options: Issue = {}) => {
    if (options.unsigned) {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const payload = { ...claims, iss: issuer, aud: AUDIENCE, sub: 'x', exp: Date.now() / 1000 + 60 };
      return `${part({ alg: 'none' })}.${part(payload)}.`;
    }
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setSubject('dr-house')
      .setIssuedAt()
      .setIssuer(options.issuer ?? issuer)
      .setAudience(options.audience ?? AUDIENCE)
      .setExpirationTime(options.expires ?? '5m')
      .sign(options.forged ? forger.privateKey : privateKey);
  };
  return { issuer, issue, close: () => server.close() };
}
