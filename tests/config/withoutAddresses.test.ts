import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { withoutAddresses } from '../../src/config/withoutAddresses.js';
import { importFiles } from '../../src/intake/importFiles.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { type Answer, type Program, runCli, startProgram, temporaryFolder, until } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  folder = await temporaryFolder();
  const file = join(folder.path, 'tokens.json');
  for (const role of ['reader', 'radiologist', 'operator']) {
    const made = await runCli(['token', 'create', '--name', role, '--grant', role, '--file', file]);
    tokens[role] = made.stdout.trim();
  }
  const archives = { web: { url: 'http://127.0.0.1:9/dicom-web' }, dimse: { url: 'dicom://PACS@localhost:9' } };
  await writeFile(join(folder.path, 'archives.json'), JSON.stringify(archives));
  program = await startProgram({
    DATA_DIR: join(folder.path, 'data'),
    TOKENS_FILE: file,
    PACS_FILE: join(folder.path, 'archives.json'),
    WEBHOOK_URL: 'http://127.0.0.1:9/hook',
    WEBHOOK_SECRET: 'a secret of the tests',
  });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

async function post(role: string, query: string, variables = {}): Promise<Answer> {
  const response = await fetch(`${program.server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens[role]}` },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

const ADDRESS = /127\.0\.0\.1|localhost|:9\b/;

it('only those who may operate read where archives and receivers are', async () => {
  const CLASSIFY = `mutation ($uid: DicomUid!, $pacs: String) { classifyStudy(input: { studyInstanceUid: $uid, pacs: $pacs }) { job { id } } }`;
  for (const [index, pacs] of ['web', 'dimse'].entries())
    await post('radiologist', CLASSIFY, { uid: `1.2.${index}`, pacs });
  const { studyInstanceUid: uid } = await writeSampleStudy(join(folder.path, 'sample'));
  await importFiles(program.context, join(folder.path, 'sample'));
  await post('radiologist', CLASSIFY, { uid });
  const JOBS = '{ jobs { nodes { id kind error } } }';
  const operators = await until(
    () => post('operator', JOBS),
    ({ data }) => data.jobs.nodes.filter(({ error }: Answer) => error).length === 3,
  );
  const errorsOf = ({ data }: Answer) => data.jobs.nodes.map(({ error }: Answer) => error).filter(Boolean);
  for (const error of errorsOf(operators)) expect(error).toMatch(ADDRESS);
  for (const role of ['reader', 'radiologist']) {
    const shown = errorsOf(await post(role, JOBS));
    expect(shown).toHaveLength(3);
    for (const error of shown) expect(error).not.toMatch(ADDRESS);
    for (const error of shown) expect(error).toMatch(/\(address\) .*(ECONNREFUSED|cannot be reached)/); // what is wrong stays
  }
  const found = await post('radiologist', '{ pacsStudies(pacs: "web") { nodes { studyInstanceUid } } }');
  expect(found.errors[0]).toMatchObject({ extensions: { code: 'PACS_UNREACHABLE' } });
  expect(found.errors[0].message).not.toMatch(ADDRESS);

  const { prisma } = program.context;
  const { id: studyId } = await prisma.study.findUniqueOrThrow({ where: { studyInstanceUid: uid } });
  const key = {
    studyId,
    modelId: program.context.models.active.model.id,
    revision: 0,
    pacs: 'web',
    kind: 'STRUCTURED_REPORT' as const,
  };
  await prisma.report.create({ data: { ...key, sopInstanceUid: '1.2', error: errorsOf(operators)[0] } });
  const REPORTS = 'query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { reports { error } } }';
  const reportOf = async (role: string) => (await post(role, REPORTS, { uid })).data.study.reports[0].error;
  expect(await reportOf('operator')).toMatch(ADDRESS);
  expect(await reportOf('reader')).not.toMatch(ADDRESS);
});

it.each([
  [
    'The archive at https://pacs.example:8443 cannot answer now (HTTP 503).',
    'The archive at (address) cannot answer now (HTTP 503).',
  ],
  ['There is no DICOMweb at http://[fe80::1]:80/a?b=c (HTTP 404).', 'There is no DICOMweb at (address) (HTTP 404).'],
  ['The archive PACS at 10.0.0.5:104 is busy.', 'The archive PACS at (address) is busy.'],
  ['The archive PACS at pacs:104 closed it. See 10.0.0.5.', 'The archive PACS at (address) closed it. See (address).'],
  ['fe80::1%eth0 and ::1 and 2001:db8::7', '(address) and (address) and (address)'],
  ['ris.example answered HTTP 500.', '(address) answered HTTP 500.'],
  [
    'Refused (reason 5; PS3.18 10.5.3), UID 1.2.840.10008.1.2.4.50.',
    'Refused (reason 5; PS3.18 10.5.3), UID 1.2.840.10008.1.2.4.50.',
  ],
])('%s', (message, shown) => {
  const config = readConfig({ WEBHOOK_URL: 'https://ris.example/hook', WEBHOOK_SECRET: 'a secret of the tests' });
  expect(withoutAddresses(message, config)).toBe(shown);
});
