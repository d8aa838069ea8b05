import { connect } from 'node:net';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'PROPFIND', 'BREW'];
/** Names that objects have, or that file systems, URLs and databases take for something else. */
export const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '%00',
  '%ff',
  '..%2f..%2fetc',
  '%',
  "'; --",
  '1.2.3',
  '𝒳',
  '-1',
  '9'.repeat(400),
  '',
  '%0d%0aX:y',
  '\u202e',
];
const ROUTES = [
  '/graphql',
  '/graphql',
  '/graphql',
  '/dicom-web/studies',
  '/dicom-web/studies',
  '/dicom-web/studies/*',
  '/healthz',
  '/readyz',
  '/metrics',
  '/images/slices/*.png',
  '/images/explanations/*/overlay.png',
  '/images/explanations/*/raw.png',
  '/arrivals',
  '/arrivals/*',
  '/notices/*',
  '/fhir/DiagnosticReport/*',
  '/fhir/*/$everything',
  '/fhir/*',
  '/graphiql',
  '/',
  '/*',
  '*',
];
const QUERIES = [
  '',
  '?*',
  '?size=*',
  '?windowCenter=1&windowWidth=*',
  '?query=*',
  '?grant=*&signature=*',
  `?${'a'.repeat(9000)}`,
];
const TYPES = [
  'application/json',
  'application/json; charset=*',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'multipart/related; type="application/dicom"; boundary=x',
  'multipart/related',
  'multipart/related; boundary="x',
  'application/dicom',
  'application/fhir+json',
  'text/plain',
  'application/x-www-form-urlencoded',
  '*',
  '',
];
const HEADERS = [
  'Apollo-Require-Preflight: true',
  'Apollo-Require-Preflight: true',
  'Expect: 100-continue',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Connection: close',
  'Authorization: Bearer *',
  'Authorization: *',
  'Origin: *',
  'X-Forwarded-For: *',
  'X-Request-Id: *',
  'Content-Encoding: gzip',
  'Accept: *',
  'Accept-Encoding: *',
  'If-None-Match: *',
  'Range: bytes=*',
  'Cookie: *',
  'Transfer-Encoding: chunked',
  'Content-Length: *',
  `X: ${'y'.repeat(20_000)}`,
];
const QUERY = '{ studies(first: 1) { nodes { id } } server { version } }';

/** Whole requests with their bodies' places; what else is wrong with them is chosen in `damage`. */
export function httpCase(random, host, mutateBody) {
  const name = () => random.of(NAMES);
  const fill = (text) => text.replaceAll('*', name);
  const type = fill(random.of(TYPES));
  const body = random.once(4) ? mutateBody(bodyOf(type, random)) : bodyOf(type, random);
  const method = random.once(2) ? 'POST' : random.of(METHODS);
  const extras = Array.from({ length: random.once(2) ? 0 : random.below(4) }, () => fill(random.of(HEADERS)));
  const length = random.once(12)
    ? [0, 1, body.length + 1000, body.length - 1, 2 ** 53, -1][random.below(6)]
    : body.length;
  const head = [
    `${method} ${fill(random.of(ROUTES)).replaceAll(/[\r\n ]/g, '')}${fill(random.of(QUERIES))} HTTP/1.1`,
    `Host: ${random.once(20) ? name() : host}`,
    ...(type ? [`Content-Type: ${type}`] : []),
    ...(random.once(12) ? [] : [`Content-Length: ${length}`]),
    ...extras,
  ];
  const end = random.once(40) ? '\n\n' : '\r\n\r\n';
  return Buffer.concat([Buffer.from(head.join('\r\n') + end, 'utf8'), body]);
}

function bodyOf(type, random) {
  const name = () => random.of(NAMES);
  if (type.startsWith('multipart/form-data')) return Buffer.from(formOf(random));
  if (type.startsWith('multipart/related')) return relatedOf(random);
  const variables = `{"${name()}": {"${name()}": null}, "__proto__": {"x": 1}}`;
  return Buffer.from(
    random.of([
      JSON.stringify({ query: QUERY }),
      `{"query": ${JSON.stringify(QUERY)}, "variables": ${variables}, "operationName": "${name()}"}`,
      `{"${name()}": "${name()}", "query": "query(${'$'}${name()}: Int) { ${name()} }"}`,
      `{"query": "mutation { classifyStudy(input: {studyInstanceUid: \\"${name()}\\"}) { job { id } } }"}`,
      `{"query": "{ studies(after: \\"${name()}\\", filter: {search: \\"${name()}\\"}) { nodes { id } } node(id: \\"${name()}\\") { id } }"}`,
      '[]',
      '[[[[[',
      'null',
      '7',
      '"',
      '{"query": 7}',
      '{"extensions": {"persistedQuery": 7}}',
      '{'.repeat(60_000),
      `{"studyInstanceUid": "${name()}"}`,
      '\0'.repeat(300_000),
      '\ufeff{}',
      '',
    ]),
  );
}

function formOf(random) {
  const name = () => random.of(NAMES);
  const operations = random.of([
    '{"query": "mutation ($f: Upload!) { classifyImage(input: {file: $f}) { prediction { id } } }", "variables": {"f": null}}',
    `{"query": "{ server { version } }", "variables": {"${name()}": null}}`,
    '{',
    '[]',
    'null',
    `{"__proto__": null, "variables": {"__proto__": null}}`,
  ]);
  const map = random.of([
    '{"0": ["variables.f"]}',
    `{"${name()}": ["variables.${name()}"]}`,
    `{"${name()}": ["${name()}.${name()}.x"]}`,
    '{"0": 7}',
    '7',
    `{"__proto__": ["variables.f"]}`,
    '{"0": ["variables.f", "variables.f"]}',
  ]);
  const part = (disposition, value) => `--x\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`;
  const parts = [
    part('name="operations"', operations),
    part('name="map"', map),
    part(
      `name="${random.once(2) ? '0' : name()}"; filename="${name()}"`,
      random.of(['x', '\x89PNG\r\n\x1a\n', 'DICM'.repeat(99)]),
    ),
    `--x\r\n${name()}: ${name()}\r\n\r\n${'y'.repeat(random.below(3000))}\r\n`,
    `--x\r\nContent-Disposition: form-data; name="a"\r\n${'Z: z\r\n'.repeat(3000)}\r\n\r\n`,
  ];
  const chosen = random.once(3)
    ? parts.sort(() => random.below(3) - 1).slice(0, 1 + random.below(5))
    : parts.slice(0, 3);
  return `${chosen.join('')}${random.of(['--x--\r\n', '--x--\r\n', '--x', '', '--x--\r\nepilogue'])}`;
}

function relatedOf(random) {
  const part = (headers, content) => Buffer.from(`--x\r\n${headers}\r\n\r\n${content}\r\n`, 'latin1');
  return random.of([
    () => Buffer.alloc(300_000),
    () => Buffer.from(`--x\n\n${'z'.repeat(100_000)}\n--x--\n`),
    () => Buffer.concat([part(`A: ${'b'.repeat(20_000)}`, 'x'), Buffer.alloc(100_000, 120)]),
    () => Buffer.concat([part('Content-Type: application/dicom', 'not DICOM'), Buffer.from('--x--')]),
    () =>
      Buffer.concat([
        part('Content-Type: text/html', '<x>'),
        part(`${random.of(NAMES)}: y`, `${'\0'.repeat(128)}DICM`),
        Buffer.from('--x--'),
      ]),
    () => Buffer.from('--y\r\n\r\n--y--'),
    () => Buffer.from('--x--'),
    () => Buffer.alloc(0),
  ])();
}

const LONGEST_MS = 400;

/**
 * Sends bytes, some only in part, in one piece or several, and ends the connection as `random` has it.
 * @returns the status of the answer, or how it ended.
 */
export function converse(port, bytes, random) {
  const cut = random.once(3) ? random.below(bytes.length + 1) : bytes.length;
  const ending = random.of(['wait', 'wait', 'wait', 'end', 'reset', 'destroy']);
  const pieces = random.once(4) ? 1 + random.below(5) : 1;
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    const timer = setTimeout(() => socket.destroy(), cut === bytes.length ? LONGEST_MS : 30);
    socket.on('data', (chunk) => {
      if (answer.length < 200) answer += chunk.toString('latin1');
      if (ending === 'wait' && /^HTTP\/1\.1 [2-5]/.test(answer)) socket.end();
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? (answer ? 'answered' : 'closed'));
    });
    socket.once('connect', () => {
      const size = Math.ceil(cut / pieces) || 1;
      for (let at = 0; at < cut; at += size) socket.write(bytes.subarray(at, Math.min(cut, at + size)));
      if (ending === 'end') socket.end();
      if (ending === 'reset') setTimeout(() => socket.resetAndDestroy(), random.below(10));
      if (ending === 'destroy') setTimeout(() => socket.destroy(), random.below(10));
    });
  });
}
