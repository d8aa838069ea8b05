import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Program, startProgram, temporaryFolder } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: folder.path });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

// Without the header, Apollo refuses GETs that any page of another site could make (CSRF).
const fetchFn = (url: string, { headers, ...init }: RequestInit = {}) =>
  fetch(url, { ...init, headers: { ...headers, 'apollo-require-preflight': 'true' } });

describe('the audits of graphql-http', () => {
  const audits = serverAudits({ url: () => `${program.server.url}/graphql`, fetchFn });

  it('are all there', () => {
    expect(audits).toHaveLength(61);
  });

  for (const audit of audits)
    it(`${audit.id} ${audit.name}`, async () => {
      const result = await audit.fn();
      const reason = 'reason' in result ? result.reason : '';
      expect({ status: result.status, reason }).toEqual({ status: 'ok', reason: '' });
    });
});

describe('a document that cannot be parsed', () => {
  const status = async (accept: string) => {
    const headers = { 'content-type': 'application/json', accept };
    const body = JSON.stringify({ query: '{' });
    return (await fetch(`${program.server.url}/graphql`, { method: 'POST', headers, body })).status;
  };

  it('is answered with 200 to those who accept application/json alone, and with 400 to all others', async () => {
    expect(await status('application/json')).toBe(200);
    expect(await status('application/graphql-response+json')).toBe(400);
    expect(await status('application/graphql-response+json, application/json')).toBe(400);
  });
});
