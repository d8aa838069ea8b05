import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import type { ArchiveSettings } from '../pacs/archive.js';

/** The archive that PACS_URL names. */
export const DEFAULT_ARCHIVE = 'default';

const PROTOCOLS = ['http:', 'https:', 'dicom:', 'dicoms:'];
const VARIABLE = /^\$[A-Z_][A-Z0-9_]*$/;
const EXAMPLE = 'https://pacs.example/dicom-web or dicom://AETITLE@pacs.example:104';

/** An AE title (PS3.5 6.2): up to 16 printable ASCII characters, no backslash, not only blanks. */
export const AE_TITLE = /^(?=.*\S)[\x20-\x5b\x5d-\x7e]{1,16}$/;

const archive = z.strictObject({
  url: z.string(),
  username: z.string().optional(),
  password: z.string().optional(),
  token: z.string().optional(),
  ca: z.string().optional(),
  certificate: z.string().optional(),
  key: z.string().optional(),
  retrieve: z.enum(['move', 'get']).default('move'),
  changes: z.string().optional(),
  poll: z.number().int().min(1).max(86_400).optional(),
});
export type ArchiveFields = Partial<z.infer<typeof archive>> & { url: string };

/**
 * One archive's settings; what is wrong with them goes to `problems`, each naming `where` it is and its cure. Files of
 * certificates are taken from `directory`.
 */
export function readArchive(
  name: string,
  fields: ArchiveFields,
  where: string,
  directory: string,
  problems: string[],
): ArchiveSettings | undefined {
  const { url, username, password, token, retrieve = 'move', changes: changesUrl, poll: pollSeconds } = fields;
  const complain = (problem: string) => {
    problems.push(`${where} ${problem}`);
    return undefined;
  };
  const pem = (path: string | undefined, what: string) => {
    if (path === undefined) return undefined;
    try {
      const text = readFileSync(isAbsolute(path) ? path : resolve(directory, path), 'utf8');
      return text.includes('-----BEGIN') ? text : complain(`has a ${what} that is no PEM file: ${path}.`);
    } catch (error) {
      return complain(`has a ${what} that cannot be read: ${path} (${(error as NodeJS.ErrnoException).code}).`);
    }
  };
  if (!URL.canParse(url) || !PROTOCOLS.includes(new URL(url).protocol))
    return complain(`must be an address like ${EXAMPLE}.`);
  if ((fields.certificate === undefined) !== (fields.key === undefined))
    return complain('needs both or neither of a certificate and its key.');
  const certificates = {
    ca: pem(fields.ca, 'CA'),
    cert: pem(fields.certificate, 'certificate'),
    key: pem(fields.key, 'key'),
  };
  const { protocol, hostname, port, username: user, password: secret } = new URL(url);
  try {
    decodeURIComponent(user + secret);
  } catch {
    return complain(
      'has a bare % in its user, password or AE title. Write it as %25, or give user and password apart.',
    );
  }
  if (changesUrl !== undefined && !/^https?:$/.test(URL.canParse(changesUrl) ? new URL(changesUrl).protocol : ''))
    return complain('has a feed of changes that is no address like http://orthanc:8042/changes.');
  const account = { username, password, token };
  const watched = { certificates, changesUrl, pollSeconds, ...account };
  if (protocol.startsWith('http')) return { name, kind: 'DICOMWEB', url, ...watched };
  const aeTitle = decodeURIComponent(user);
  if (!AE_TITLE.test(aeTitle) || hostname === '' || port === '')
    return complain('must name AE title, host and port: dicom://AETITLE@pacs.example:104.');
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), aeTitle };
  return {
    name,
    kind: 'DIMSE',
    ...address,
    tls: protocol === 'dicoms:',
    retrieve: retrieve === 'get' ? 'GET' : 'MOVE',
    ...watched,
  };
}

/**
 * The archives of a JSON file, by name: { "main": { "url": ..., "username": ... }, "old": { "url": "dicom://..." } }. A
 * value "$NAME" is that environment variable's, so that secrets need not be in the file.
 */
export function readArchivesFile(path: string, env: NodeJS.ProcessEnv, problems: string[]): ArchiveSettings[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'), (_, value) =>
      typeof value === 'string' && VARIABLE.test(value) ? (env[value.slice(1)] ?? value) : value,
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    problems.push(
      code
        ? `PACS_FILE cannot be read: ${path} (${code}).`
        : `PACS_FILE is no JSON: ${path}. Look for a missing comma or quote.`,
    );
    return [];
  }
  const { data, error } = z.record(z.string().regex(/^[\w-]{1,32}$/), archive).safeParse(json);
  if (error) {
    for (const { path: at, message } of error.issues)
      problems.push(`PACS_FILE, ${at.join('.') || 'the whole'}: ${message}.`);
    return [];
  }
  return Object.entries(data).flatMap(([name, fields]) => {
    for (const value of Object.values(fields)) {
      if (typeof value === 'string' && VARIABLE.test(value))
        problems.push(`PACS_FILE, ${name}: the environment variable ${value.slice(1)} is not set.`);
    }
    return readArchive(name, fields, `PACS_FILE, ${name}: url`, dirname(path), problems) ?? [];
  });
}
