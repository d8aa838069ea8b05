import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFile, mrElements } from '../../pacs/buildDicom.js';
import { type Program, startProgram, temporaryFolder } from '../../setup/program.js';
import { RELATED, relatedBody } from '../../setup/related.js';

const MR = '1.2.840.10008.5.1.4.1.1.4';
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

const object = (instance: string, rows = 'FIRST') =>
  buildFile(mrElements({ '00080018': ['UI', instance], '00080008': ['CS', `ORIGINAL\\PRIMARY\\${rows}`] }));

async function store(body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, path = '/dicom-web/studies') {
  const response = await fetch(`${program.server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': RELATED, ...headers },
    body,
  });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: JSON.parse(await response.text()),
  };
}

const uids = (instance: string) => ({
  '00081150': { vr: 'UI', Value: [MR] },
  '00081155': { vr: 'UI', Value: [instance] },
});

describe('the answer to a store', () => {
  it('names each stored object, by a media type without parameters', async () => {
    const answer = await store(relatedBody([object('1.2.3.1')]));
    expect(answer).toEqual({
      status: 200,
      type: 'application/dicom+json',
      body: {
        '00081190': { vr: 'UR' },
        '00081199': { vr: 'SQ', Value: [{ ...uids('1.2.3.1'), '00081190': { vr: 'UR' } }] },
      },
    });
  });

  it('warns that other bytes were kept under the same UID, and not of the same bytes again', async () => {
    const again = await store(relatedBody([object('1.2.3.2'), object('1.2.3.2')]));
    expect(again.status).toBe(200);
    const { status, body } = await store(relatedBody([object('1.2.3.2', 'SECOND')]));
    expect(status).toBe(202);
    expect(body['00081199'].Value[0]).toMatchObject({ ...uids('1.2.3.2'), '00081196': { vr: 'US', Value: [0xb000] } });
  });

  it('names the failed objects that could be read, and counts those that could not', async () => {
    const path = '/dicom-web/studies/1.2.9.9';
    const { status, body } = await store(relatedBody([object('1.2.3.3'), Buffer.from('no DICOM')]), {}, path);
    expect(status).toBe(409);
    expect(body).toEqual({
      '00081190': { vr: 'UR' },
      '00081198': { vr: 'SQ', Value: [{ ...uids('1.2.3.3'), '00081197': { vr: 'US', Value: [0xa900] } }] },
      '0008119A': { vr: 'SQ', Value: [{ '00081197': { vr: 'US', Value: [0xc000] } }] },
    });
  });

  it('is 202 where some were stored', async () => {
    const { status, body } = await store(relatedBody([object('1.2.3.4'), Buffer.from('no DICOM')]));
    expect(status).toBe(202);
    expect(Object.keys(body)).toEqual(['00081190', '00081199', '0008119A']);
  });
});

describe('a request', () => {
  it('may be made by hand, with bare line feeds', async () => {
    const { status } = await store(relatedBody([object('1.2.3.5'), object('1.2.3.6')], { lineBreak: '\n' }));
    expect(status).toBe(200);
  });

  it.each(['application/dicom+json', 'application/json', '*/*', 'text/html, application/*;q=0.5'])(
    'is answered where it accepts %s',
    async (accept) => expect((await store(relatedBody([object('1.2.3.7')]), { accept })).status).toBe(200),
  );

  it.each(['application/dicom+xml', 'text/html', 'application/dicom+json;q=0'])(
    'is refused with 406, before anything is stored, where it accepts only %s',
    async (accept) => {
      const { status, body } = await store(relatedBody([object('1.2.3.8')]), { accept });
      expect({ status, code: body.code }).toEqual({ status: 406, code: 'NOT_ACCEPTABLE' });
      expect(await program.context.prisma.instance.count({ where: { sopInstanceUid: '1.2.3.8' } })).toBe(0);
    },
  );

  it.each([
    'multipart/related; type="application/dicom+json"; boundary=b',
    'multipart/related; type="application/dicom+xml"; boundary=b',
    'multipart/related; type="application/dicom"',
    'application/dicom',
  ])('is refused with 415 where it sends %s', async (type) => {
    expect((await store(relatedBody([object('1.2.3.9')]), { 'content-type': type })).status).toBe(415);
  });

  it('for the capabilities is answered with what can be done', async () => {
    const response = await fetch(`${program.server.url}/dicom-web`, { method: 'OPTIONS' });
    expect(response.headers.get('content-type')).toBe('application/vnd.sun.wadl+xml');
    const text = await response.text();
    expect(text).toContain('<resource path="studies/{study}">');
    expect(text).toContain('id="StoreInstances"');
  });
});
