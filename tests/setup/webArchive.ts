import { createServer, type Server } from 'node:http';
import { parseInstance } from '../../src/pacs/header/parse.js';
import { type Program, until } from './program.js';

/**
 * A DICOMweb archive in a few lines. `counts`: whether it tells NumberOfStudyRelatedInstances. `searched`, `retrieved`: what
 * it answers to a search for a study and to its retrieval, whatever was asked for. What is stored there it has from then on;
 * without `files` it finds nothing. `patients`: under whom it has the study, a match each; by default under the sample's. `store`: before it keeps an object; where that throws it does not.
 */
export type Behaviour = {
  counts?: boolean;
  searched?: string;
  retrieved?: readonly Buffer[];
  listed?: string;
  store?(): Promise<void>;
  patients?: Said[];
};

/** What a match of a study says of its patient: values of PatientID, and the others where they are given. */
export type Said = { ids?: unknown[]; name?: string; birthDate?: string };

export async function startArchive(files: readonly Buffer[], behaviour: Behaviour = {}) {
  const uid = files[0] ? parseInstance(files[0]).studyInstanceUid : '';
  const {
    counts = true,
    searched = uid,
    retrieved = files,
    listed = uid,
    store,
    patients = [{ ids: ['SYNTHETIC'] }],
  } = behaviour;
  const objects = [...retrieved];
  const value = (vr: string, ...values: unknown[]) => ({ vr, Value: values });
  const json = (tags: object[]) => JSON.stringify(tags);
  const answer = (path: string): string => {
    const all = objects.map((bytes) => parseInstance(bytes));
    if (path.endsWith('/series'))
      return json(
        [...new Set(all.map(({ seriesInstanceUid }) => seriesInstanceUid))].map((series) => ({
          '0020000D': value('UI', listed),
          '0020000E': value('UI', series),
        })),
      );
    if (path.endsWith('/instances')) {
      const of = all.filter(({ seriesInstanceUid }) => path.includes(seriesInstanceUid));
      return json(of.map(({ sopInstanceUid }) => ({ '00080018': value('UI', sopInstanceUid) })));
    }
    if (files.length === 0) return json([]);
    return json(
      patients.map(({ ids, name, birthDate }) => ({
        '0020000D': value('UI', searched),
        ...(ids && { '00100020': value('LO', ...ids) }),
        ...(name && { '00100010': value('PN', { Alphabetic: name }) }),
        ...(birthDate && { '00100030': value('DA', birthDate) }),
        ...(counts && { '00201208': value('IS', all.length) }),
      })),
    );
  };
  const keep = async (bytes: Buffer) => {
    await store?.();
    const stored = parseInstance(bytes);
    objects.push(bytes);
    return stored;
  };
  const server: Server = createServer(async (request, response) => {
    const [path = '', query] = (request.url ?? '').split('?');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method === 'POST') {
      const body = Buffer.concat(chunks);
      const start = body.indexOf('\r\n\r\n') + 4;
      const bytes = body.subarray(start, body.lastIndexOf('\r\n--'));
      const stored = await keep(bytes).catch(() => null);
      if (stored === null) return response.writeHead(409).end();
      const reference = {
        '00081150': value('UI', stored.sopClassUid),
        '00081155': value('UI', stored.sopInstanceUid),
      };
      response.writeHead(200, { 'content-type': 'application/dicom+json' });
      return response.end(JSON.stringify({ '00081199': value('SQ', reference) }));
    }
    if (query !== undefined)
      return response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(answer(path));
    response.writeHead(200, { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' });
    for (const bytes of objects) {
      response.write('--b\r\ncontent-type: application/dicom\r\n\r\n');
      response.write(bytes);
      response.write('\r\n');
    }
    response.end('--b--\r\n');
  }).listen(0, '127.0.0.1');
  await until(async () => server.address(), Boolean);
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, objects, close: () => server.close() };
}

const part = (bytes: Buffer) =>
  Buffer.concat([Buffer.from('--b\r\ncontent-type: application/dicom\r\n\r\n'), bytes, Buffer.from('\r\n')]);

/** A STOW-RS request that stays open until it is `ended`. */
export function openRequest(program: Program) {
  let push: (bytes: Uint8Array | null) => void = () => {};
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      push = (bytes) => (bytes ? controller.enqueue(bytes) : controller.close());
    },
  });
  const answer = fetch(`${program.server.url}/dicom-web/studies`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' },
    body,
    duplex: 'half',
  } as RequestInit);
  return {
    send: (bytes: Buffer) => push(part(bytes)),
    end: () => {
      push(Buffer.from('--b--\r\n'));
      push(null);
      return answer;
    },
  };
}

export const stow = async (program: Program, objects: readonly Buffer[]) => {
  const request = openRequest(program);
  for (const bytes of objects) request.send(bytes);
  return (await request.end()).status;
};
