import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseModel, readModels } from '../../src/inference/manifest.js';
import { temporaryFolder } from '../setup/program.js';

const LEAST = {
  name: 'chest-demo',
  version: '1.0.0',
  file: 'model.onnx',
  labels: ['normal', 'effusion', 'nodule'],
  input: { rows: 224, columns: 224, channels: 3, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

async function put(manifest: unknown, name = 'chest-demo', version = '1.0.0'): Promise<string> {
  const directory = join(folder.path, name, version);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'manifest.json'), typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
  await writeFile(join(directory, 'model.onnx'), `graph of ${name} ${version}`);
  return join(directory, 'manifest.json');
}

describe('readModels', () => {
  it('needs no more of a hospital than the least manifest, and writes the hash of its graph into it', async () => {
    const path = await put(LEAST);
    const [model] = await readModels(folder.path);
    expect(model?.manifest).toMatchObject({ ...LEAST, input: { ...LEAST.input, intensity: 'percentile' } });
    const written = JSON.parse(await readFile(path, 'utf8'));
    expect(written).toEqual({ ...LEAST, sha256: model?.manifest.sha256 });
    expect(written.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('reads the figures of a card, with intervals or without, and its text', async () => {
    const path = await put({
      ...LEAST,
      card: {
        splits: [{ name: 'test', slices: 10, accuracy: 0.9, macroF1: { value: 0.8, low: 0.7, high: 0.9 } }],
        own: 1,
      },
    });
    await writeFile(join(path, '../CARD.md'), '# chest-demo');
    const [model] = await readModels(folder.path);
    expect(model?.manifest.card).toMatchObject({ text: '# chest-demo', own: 1, series: [], limits: [] });
    expect(model?.manifest.card.splits[0]).toMatchObject({
      accuracy: { value: 0.9, low: null, high: null },
      macroF1: { value: 0.8, low: 0.7, high: 0.9 },
      ece: null,
      perLabel: [],
    });
    await put({ ...LEAST, card: { splits: [{ name: 'test' }] } });
    await expect(readModels(folder.path)).rejects.toThrow(/card\.splits\.0\.slices/);
  });

  it('reads the codes that reports call the labels by', async () => {
    const codes = { nodule: { scheme: 'SCT', code: '427359005', meaning: 'Solitary nodule of lung' } };
    await put({ ...LEAST, codes });
    expect((await readModels(folder.path))[0]?.manifest.codes).toEqual(codes);
  });

  it('refuses a graph that is not the one that was hashed', async () => {
    await put(LEAST);
    await readModels(folder.path);
    await writeFile(join(folder.path, 'chest-demo/1.0.0/model.onnx'), 'another graph');
    await expect(readModels(folder.path)).rejects.toThrow(
      /sha256: model.onnx is not the file that was hashed; restore/,
    );
  });

  it('lists every fault of every manifest, each with its place', async () => {
    await put({ ...LEAST, labels: ['one'], input: { ...LEAST.input, mean: [0], channels: 1, std: [0] } });
    await put({ ...LEAST, normalLabel: 'healthy' }, 'other', '2.0.0');
    await put('not JSON', 'third');
    await put({ ...LEAST, codes: { nodule: { scheme: 'SCT', code: '' } } }, 'fourth');
    const together = { output: 'maps', reach: 0, otherSide: { above: -5, atMost: 5 } };
    const calibration = { offset: -5, temperature: 1 };
    const abstention = { finding: 0.5, normal: 2, study: 0.9 };
    await put({ ...LEAST, inSeries: { ...together, calibration, abstention } }, 'fifth');
    await put(
      { ...LEAST, inSeries: { ...together, reach: 9, calibration, abstention: { ...abstention, normal: 0.6 } } },
      'sixth',
    );
    const alike = (...lookalikes: object[]) => ({ method: 'temperature', temperature: 1, lookalikes });
    const unknown = { label: 'nodule', as: 'cyst', share: 0.1 };
    const half = { label: 'nodule', as: 'effusion', share: 0.6 };
    await put({ ...LEAST, calibration: alike(unknown) }, 'seventh');
    await put({ ...LEAST, calibration: alike(half, half) }, 'eighth');
    const normal = { label: 'nodule', as: 'normal', share: 0.1 };
    const itself = { label: 'nodule', as: 'nodule', share: 1.2 };
    await put({ ...LEAST, normalLabel: 'normal', calibration: alike(normal) }, 'ninth');
    await put({ ...LEAST, calibration: alike(itself) }, 'tenth');
    await put({ ...LEAST, calibration: alike({ ...itself, share: 1 }) }, 'eleventh');
    await put({ ...LEAST, abstention: { confidence: 0.9, normal: 0.7 } }, 'twelfth');
    const failure = await readModels(folder.path).catch((error) => error);
    expect(failure.code).toBe('MODEL_INVALID');
    for (const fault of [
      /chest-demo.*labels: /,
      /chest-demo.*input\.std: larger than 0/,
      /other.*normalLabel: must be one of the labels/,
      /third.*no JSON/,
      /fourth.*codes\.nodule\.code: /,
      /fifth.*inSeries\.reach: /,
      /fifth.*inSeries\.abstention\.normal: /,
      /sixth.*inSeries: needs a normalLabel/,
      /seventh.*calibration\.lookalikes\.0: needs two of the labels/,
      /ninth.*calibration\.lookalikes\.0: needs two of the labels, neither the normalLabel/,
      /tenth.*calibration\.lookalikes\.0\.share: /,
      /eleventh.*calibration\.lookalikes\.0: needs two of the labels/,
      /twelfth.*abstention\.normal: needs a normalLabel/,
      /eighth.*calibration\.lookalikes\.1: gives away more than all of nodule/,
    ])
      expect(failure.message).toMatch(fault);
  });

  it('refuses a manifest whose name or version is not its folder’s', async () => {
    await put(LEAST, 'elsewhere', '3');
    await expect(readModels(folder.path)).rejects.toThrow(/name: is "chest-demo", but its folder is "elsewhere"/);
  });

  it('says so when the graph is missing, or the folder', async () => {
    await put({ ...LEAST, file: 'absent.onnx' });
    await expect(readModels(folder.path)).rejects.toThrow('absent.onnx cannot be read; put it beside the manifest');
    await expect(readModels(join(folder.path, 'nowhere'))).rejects.toThrow('Point MODELS_DIR at the models.');
  });

  it('lets no manifest point outside its folder', async () => {
    await put({ ...LEAST, file: '../../secret' });
    await expect(readModels(folder.path)).rejects.toThrow('file: a file name in the same folder');
  });
});

describe('chooseModel', () => {
  it('takes the newest version by number, the only model where there is no brain-mri, and says what there is', async () => {
    await put(LEAST);
    const only = await readModels(folder.path);
    expect(chooseModel(only).manifest.name).toBe('chest-demo');
    await cp(join(folder.path, 'chest-demo'), join(folder.path, 'brain-mri'), { recursive: true });
    for (const version of ['1.0.0', '1.9.0', '1.10.0'])
      await put({ ...LEAST, name: 'brain-mri', version }, 'brain-mri', version);
    const models = await readModels(folder.path);
    expect(chooseModel(models).manifest).toMatchObject({ name: 'brain-mri', version: '1.10.0' });
    expect(chooseModel(models, 'brain-mri@1.9.0').manifest.version).toBe('1.9.0');
    expect(() => chooseModel(models, 'brain')).toThrow(
      /no model "brain"\. In MODELS_DIR: .*chest-demo@1\.0\.0.*\. Set MODEL, .* to one of these, or put its folder there\.$/,
    );
  });
});
