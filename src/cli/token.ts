import { existsSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { describeIssue } from '../config/settingKinds.js';
import { tokensFile } from '../config/tokensFile.js';
import { OptionInvalid } from '../errors/errors.js';
import { GRANTS, type Grant } from '../identity/caller.js';
import { hashToken, makeToken, type StoredToken } from '../identity/tokens.js';
import { terminal } from '../output/terminal.js';

const LOCK_MS = 5_000;

type Options = { name: string; grant: string[]; expires?: string; file?: string };

/** `mrimaster token create`: prints a new token, once, and adds its hash to the file. */
export async function createToken({ expires, file, grant, name }: Options): Promise<void> {
  const path = resolve(file ?? 'tokens.json');
  const unknown = grant.find((word) => !(GRANTS as readonly string[]).includes(word));
  if (unknown) throw new OptionInvalid(`--grant ${unknown} is none of ${GRANTS.join(', ')}.`);
  if (name.length > 64 || name.trim() === '') throw new OptionInvalid('--name must have 1 to 64 characters.');
  if (expires !== undefined && !z.iso.date().safeParse(expires).success)
    throw new OptionInvalid(`--expires must be a day like 2027-12-31, not "${expires}".`);
  const token = makeToken();
  const stored = { name, sha256: hashToken(token), grants: grant as Grant[], ...(expires && { expires }) };
  await alone(path, () => addToken(path, stored));
  terminal.log(token);
  terminal.error(
    `The token is shown only this once; ${path} keeps its hash. Restart the server with TOKENS_FILE=${path}. To revoke the token, remove its entry.`,
  );
}

async function addToken(path: string, token: StoredToken): Promise<void> {
  const tokens = existsSync(path) ? readTokens(path) : [];
  if (tokens.some(({ name }) => name === token.name))
    throw new OptionInvalid(`${path} has a token "${token.name}". Take another name, or remove that one first.`);
  const fresh = `${path}.${process.pid}.new`;
  await writeFile(fresh, `${JSON.stringify([...tokens, token], null, 2)}\n`, { mode: 0o600 });
  await rename(fresh, path);
}

function readTokens(path: string): StoredToken[] {
  const { data, error } = tokensFile('.').safeParse(path);
  if (data) return data;
  const problems = error.issues.map(({ message, path: place }) => describeIssue(['TOKENS_FILE', ...place], message));
  throw new OptionInvalid(problems.join('\n'));
}

/** Runs `work` alone: of two processes that change the file at the same time, one would lose its token. */
async function alone(path: string, work: () => Promise<void>): Promise<void> {
  const lock = `${path}.lock`;
  const locked = () => open(lock, 'wx').catch((error: NodeJS.ErrnoException) => error);
  let held = await locked();
  for (const deadline = performance.now() + LOCK_MS; held instanceof Error; held = await locked()) {
    if (held.code !== 'EEXIST')
      throw new OptionInvalid(`${lock} cannot be written (${held.code}). Choose another --file.`);
    if (performance.now() > deadline)
      throw new OptionInvalid(`Another "token create" has locked ${path}. If none runs, remove ${lock}.`);
    await sleep(50);
  }
  await held.close();
  try {
    await work();
  } finally {
    await rm(lock, { force: true });
  }
}
