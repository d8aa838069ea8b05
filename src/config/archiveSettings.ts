import { dirname } from 'node:path';
import { z } from 'zod';
import type { ArchiveSettings } from '../pacs/archive.js';
import { across, type Environment, hasProtocol, integer, jsonFile, oneOf, pemFile } from './settingKinds.js';

/** The archive that PACS_URL names. */
export const DEFAULT_ARCHIVE = 'default';

/** An AE title (PS3.5 6.2): up to 16 printable ASCII characters, no backslash, not only blanks. */
export const AE_TITLE = /^(?=.*\S)[\x20-\x5b\x5d-\x7e]{1,16}$/;

const VARIABLE = /^\$[A-Z_][A-Z0-9_]*$/;

/** What an archive's address says. */
type Reached =
  | { kind: 'DICOMWEB'; url: string }
  | { kind: 'DIMSE'; host: string; port: number; aeTitle: string; tls: boolean };

const archiveAddress = z.string().transform((text, context): Reached => {
  const complain = (message: string) => {
    context.addIssue(message);
    return z.NEVER;
  };
  if (!hasProtocol(text, ['http:', 'https:', 'dicom:', 'dicoms:']))
    return complain('must be an address like https://pacs.example/dicom-web or dicom://AETITLE@pacs.example:104.');
  const { protocol, hostname, port, username, password } = new URL(text);
  if (!isPercentEncoded(username + password))
    return complain(
      'has a bare % in its user, password or AE title. Write it as %25, or give user and password apart.',
    );
  if (protocol.startsWith('http')) return { kind: 'DICOMWEB', url: text };
  const aeTitle = decodeURIComponent(username);
  if (!AE_TITLE.test(aeTitle) || hostname === '' || port === '')
    return complain('must name AE title, host and port: dicom://AETITLE@pacs.example:104.');
  const host = hostname.replace(/^\[|\]$/g, '');
  return { kind: 'DIMSE', host, port: Number(port), aeTitle, tls: protocol === 'dicoms:' };
});

const changesFeed = z
  .string()
  .refine(
    (text) => hasProtocol(text, ['http:', 'https:']),
    'must be the address of a feed of changes, like http://orthanc:8042/changes.',
  );

/**
 * The file of PACS_FILE, archives by name: { "main": { "url": ..., "username": ... }, "old": { "url": "dicom://..." }
 * }.
 */
const archivesFile = (directory: string, environment: Environment) =>
  jsonFile(directory, 'See docs/pacs.md.', (file) => {
    const pem = pemFile(dirname(file)).optional();
    const entry = z
      .strictObject({
        url: archiveAddress,
        username: z.string().optional(),
        password: z.string().optional(),
        token: z.string().optional(),
        ca: pem,
        certificate: pem,
        key: pem,
        // Its message repeats no value: "$NAME" may have put a secret there.
        retrieve: z.enum(['move', 'get'], 'must be one of move, get.').default('move'),
        changes: changesFeed.optional(),
        poll: z.number().int().min(1).max(86_400).optional(),
      })
      .check(
        across(({ certificate, key }) =>
          (certificate === undefined) === (key === undefined)
            ? undefined
            : 'needs a certificate and its key, or neither.',
        ),
      );
    const archive = z.preprocess((value, context) => fillIn(value, environment, context), entry);
    return z
      .record(z.string().regex(/^[\w-]{1,32}$/, 'must be of 1 to 32 letters, digits, - and _.'), archive)
      .transform((archives) => Object.entries(archives).map(([name, given]) => toArchive(name, given)));
  });

const archiveFields = (directory: string, environment: Environment) => ({
  PACS_URL: archiveAddress.optional().meta({
    description:
      'The archive: its DICOMweb root, or dicom://AETITLE@host:port (dicoms:// for TLS), which docs/pacs.md shows for several products.',
    example: 'http://localhost:8042/dicom-web',
  }),
  PACS_USERNAME: z.string().optional().meta({ description: 'User, where it asks for one (HTTP basic).' }),
  PACS_PASSWORD: z.string().optional().meta({ description: 'Password of that user.' }),
  PACS_TOKEN: z.string().optional().meta({ description: 'Bearer token, where it asks for one instead.' }),
  PACS_CA: pemFile(directory).optional().meta({
    description: 'PEM file of the authority that certifies it, instead of those that Node.js trusts.',
  }),
  PACS_CERTIFICATE: pemFile(directory)
    .optional()
    .meta({ description: 'PEM file of our certificate, where it asks for one (mutual TLS).' }),
  PACS_KEY: pemFile(directory).optional().meta({ description: 'PEM file of the key of PACS_CERTIFICATE.' }),
  PACS_RETRIEVE: oneOf(['move', 'get']).prefault('move').meta({
    description:
      'How studies come over dicom://. "move" has the archive send to our DICOM port; "get" needs no way back, but fewer archives offer it.',
  }),
  PACS_CHANGES_URL: changesFeed.optional().meta({
    description:
      "How we learn of new studies in it, if it does not send them: Orthanc's feed of changes, which misses nothing.",
    example: 'http://localhost:8042/changes',
  }),
  PACS_POLL_SECONDS: integer(1, 86_400).optional().meta({
    description:
      'The same without such a feed: a search for studies of yesterday and today every so many seconds. Neither by default.',
  }),
  PACS_FILE: archivesFile(directory, environment).optional().meta({
    description:
      'Several archives by name: a JSON file, see docs/pacs.md. That of PACS_URL is called "default" and comes first.',
    example: 'pacs.json',
  }),
});

/**
 * Schema of the settings of archives: that of PACS_URL, then those of PACS_FILE. `environment`: for values like
 * "$NAME".
 */
export const archiveSettings = (directory: string, environment: Environment) =>
  z
    .object(archiveFields(directory, environment))
    .check(
      across(({ PACS_CERTIFICATE, PACS_KEY }) =>
        (PACS_CERTIFICATE === undefined) === (PACS_KEY === undefined)
          ? undefined
          : 'PACS_CERTIFICATE and PACS_KEY belong together: set both, or neither.',
      ),
      across(({ PACS_FILE, PACS_URL }) =>
        PACS_URL !== undefined && Array.isArray(PACS_FILE) && PACS_FILE.some(({ name }) => name === DEFAULT_ARCHIVE)
          ? `Two archives are called "${DEFAULT_ARCHIVE}". Rename the one in PACS_FILE.`
          : undefined,
      ),
    )
    .transform(toArchives)
    .meta({
      title: 'Archives',
      description: 'Where studies are asked for and results are written to, see docs/pacs.md. None by default.',
    });

/** One archive's settings, wherever they stand. */
type OneArchive = {
  url: Reached;
  username?: string | undefined;
  password?: string | undefined;
  token?: string | undefined;
  ca?: string | undefined;
  certificate?: string | undefined;
  key?: string | undefined;
  retrieve: 'move' | 'get';
  changes?: string | undefined;
  poll?: number | undefined;
};

/** That of PACS_URL, then those of PACS_FILE. */
function toArchives(given: z.output<z.ZodObject<ReturnType<typeof archiveFields>>>): ArchiveSettings[] {
  const others = given.PACS_FILE ?? [];
  if (given.PACS_URL === undefined) return others;
  const archive = {
    url: given.PACS_URL,
    username: given.PACS_USERNAME,
    password: given.PACS_PASSWORD,
    token: given.PACS_TOKEN,
    ca: given.PACS_CA,
    certificate: given.PACS_CERTIFICATE,
    key: given.PACS_KEY,
    retrieve: given.PACS_RETRIEVE,
    changes: given.PACS_CHANGES_URL,
    poll: given.PACS_POLL_SECONDS,
  };
  return [toArchive(DEFAULT_ARCHIVE, archive), ...others];
}

function toArchive(name: string, fields: OneArchive): ArchiveSettings {
  const { url, username, password, token, retrieve } = fields;
  const shared = {
    name,
    certificates: { ca: fields.ca, cert: fields.certificate, key: fields.key },
    changesUrl: fields.changes,
    pollSeconds: fields.poll,
    username,
    password,
    token,
  };
  return url.kind === 'DICOMWEB'
    ? { ...url, ...shared }
    : { ...url, retrieve: retrieve === 'get' ? 'GET' : 'MOVE', ...shared };
}

/** Puts environment variables in the place of values like "$NAME", so that secrets need not be in the file. */
function fillIn(value: unknown, environment: Environment, context: z.RefinementCtx): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const filled = Object.entries(value).map(([field, text]) => {
    if (typeof text !== 'string' || !VARIABLE.test(text)) return [field, text];
    const name = text.slice(1);
    if (environment[name] === undefined)
      context.addIssue({
        code: 'custom',
        path: [field],
        message: `the environment variable ${name} is not set.`,
      });
    return [field, environment[name]];
  });
  return Object.fromEntries(filled);
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
