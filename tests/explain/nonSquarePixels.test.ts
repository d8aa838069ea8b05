import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importFiles } from '../../src/intake/importFiles.js';
import { buildFile, mrElements, us } from '../pacs/buildDicom.js';
import { caseFile, hasCases } from '../pacs/sharedData.js';
import { type Program, startProgram, temporaryFolder } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: join(folder.path, 'data') });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

const SIZE = 64;
function slice(name: string, elements: Parameters<typeof mrElements>[0]): string {
  const pixels = Buffer.alloc(SIZE * SIZE * 2);
  for (let at = 0; at < SIZE * SIZE; at++) pixels.writeUInt16LE((at % SIZE) * 10, at * 2);
  const path = join(folder.path, name);
  const image = { '00280010': ['US', us(SIZE)], '00280011': ['US', us(SIZE)], '7FE00010': ['OW', pixels] } as const;
  writeFileSync(path, buildFile(mrElements({ ...elements, ...image } as never)));
  return path;
}

async function pictureOf(sopInstanceUid: string, size: number | null) {
  const { data } = await program.ask(
    `query ($uid: DicomUid!, $size: Int) { slice(sopInstanceUid: $uid, frameNumber: 1) { image(size: $size) { url width height } } }`,
    { uid: sopInstanceUid, size },
  );
  const { url, width, height } = data.slice.image;
  const png = decode(Buffer.from(await (await fetch(url)).arrayBuffer()));
  expect({ width: png.width, height: png.height }).toEqual({ width, height });
  return { width, height };
}

it('a picture has the shape that PixelSpacing gives it, and says its size before it is drawn', async () => {
  await importFiles(
    program.context,
    slice('a.dcm', { '00080018': ['UI', '1.2.3.1'], '00280030': ['DS', '1.72\\0.86'] }),
  );
  expect(await pictureOf('1.2.3.1', null)).toEqual({ width: SIZE, height: 2 * SIZE });
  expect(await pictureOf('1.2.3.1', 32)).toEqual({ width: 16, height: 32 });
});

it('or that PixelAspectRatio gives it, where there is no spacing', async () => {
  await importFiles(
    program.context,
    slice('b.dcm', { '00080018': ['UI', '1.2.3.2'], '00280030': ['DS', ''], '00280034': ['IS', '1\\2'] }),
  );
  expect(await pictureOf('1.2.3.2', null)).toEqual({ width: 2 * SIZE, height: SIZE });
});

it.skipIf(!hasCases)('d21_nonsquare is shown as its head is shaped', async () => {
  await importFiles(program.context, caseFile('dicom/d21_nonsquare.dcm'));
  const { prisma } = program.context;
  const row = await prisma.slice.findFirstOrThrow({ where: { sopInstanceUid: { notIn: ['1.2.3.1', '1.2.3.2'] } } });
  const { width, height } = await pictureOf(row.sopInstanceUid, null);
  const [between, across] = row.pixelSpacing as [number, number];
  expect((height / width) * ((row.columns * across) / (row.rows * between))).toBeCloseTo(1, 2);
});
