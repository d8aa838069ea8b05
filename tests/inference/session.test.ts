import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClassifier } from '../../src/inference/classifier.js';
import { chooseModel, readModels } from '../../src/inference/manifest.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { REPOSITORY, runCli, temporaryFolder } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';
import { SHIPPED_FOLDER, SHIPPED_VERSION } from '../setup/shippedModel.js';

const SWIFTSHADER = '/usr/lib/chromium/libvk_swiftshader.so';
const hasVulkan = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/aarch64-linux-gnu/libvulkan.so.1'].some(
  existsSync,
);
const hasSwiftShader = requirePart(
  'WebGPU in software',
  existsSync(SWIFTSHADER) && hasVulkan,
  'Install chromium (for its SwiftShader) and libvulkan1.',
);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slice: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeSampleStudy(join(folder.path, 'sample'));
  slice = join(folder.path, 'sample/anatomy-10.dcm');
});
afterAll(() => folder.remove());

describe('INFERENCE_DEVICE', () => {
  it.skipIf(!hasSwiftShader)('webgpu runs the model on WebGPU and gives the probabilities of the cpu', async () => {
    const icd = join(folder.path, 'icd.json');
    const driver = { file_format_version: '1.0.0', ICD: { library_path: SWIFTSHADER, api_version: '1.0.5' } };
    await writeFile(icd, JSON.stringify(driver));
    const [webgpu, cpu] = await Promise.all([
      runCli(['classify', slice], { INFERENCE_DEVICE: 'webgpu', VK_ICD_FILENAMES: icd }),
      runCli(['classify', slice], { INFERENCE_DEVICE: 'cpu' }),
    ]);
    expect(webgpu.stdout).toContain('on webgpu.');
    expect(cpu.stdout).toContain('on cpu.');
    expect(webgpu.stdout.replace('webgpu', 'cpu')).toBe(cpu.stdout);
  });

  it('that cannot be had is an error with its reason and cure, not another device in silence', async () => {
    const { code, stdout, stderr } = await runCli(['classify', slice], {
      INFERENCE_DEVICE: 'webgpu',
      VK_ICD_FILENAMES: '/nowhere',
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('INFERENCE_DEVICE=webgpu cannot run the model. webgpu: no adapter was found');
    expect(stderr).toContain('Set INFERENCE_DEVICE=auto');
  });

  it('auto says why it does not use the others', async () => {
    const classifier = await openClassifier(chooseModel(await readModels(join(REPOSITORY, 'models'))), 'auto');
    expect(['cpu', 'webgpu', 'cuda']).toContain(classifier.provider);
    if (classifier.provider === 'cpu') expect(classifier.notes.join()).toMatch(/cuda: .*webgpu: /);
    await classifier.close();
  });
});

describe('a graph that does not fit its manifest', () => {
  async function modelWith(change: (manifest: Record<string, unknown>) => void, graph?: Buffer): Promise<string> {
    const models = join(folder.path, `models-${Math.random()}`);
    const directory = join(models, 'brain-mri', SHIPPED_VERSION);
    await mkdir(directory, { recursive: true });
    await cp(SHIPPED_FOLDER, directory, { recursive: true });
    const manifest = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8'));
    change(manifest);
    if (graph) await writeFile(join(directory, 'model.onnx'), graph);
    await writeFile(join(directory, 'manifest.json'), JSON.stringify({ ...manifest, sha256: undefined }));
    return models;
  }
  const open = async (models: string) => openClassifier(chooseModel(await readModels(models)), 'cpu');

  it('is refused when the size of its input differs', async () => {
    const models = await modelWith((manifest) => Object.assign(manifest.input as object, { rows: 64 }));
    await expect(open(models)).rejects.toThrow(/one float32 input \[N, 3, 64, 160\] as its manifest's "input" says/);
  });

  it('is refused when it has more or fewer outputs than labels', async () => {
    const models = await modelWith((manifest) =>
      Object.assign(manifest, {
        labels: ['a', 'b'],
        normalLabel: undefined,
        inSeries: undefined,
        calibration: undefined,
        abstention: undefined,
      }),
    );
    await expect(open(models)).rejects.toThrow(/gives 4 values a slice, but its manifest has 2 labels/);
  });

  it('is refused when it lacks an output that the manifest names', async () => {
    const models = await modelWith((manifest) => Object.assign(manifest.inSeries as object, { output: 'nothing' }));
    await expect(open(models)).rejects.toThrow(/has no output "nothing", which its manifest names .* it has logits, /);
    const flat = await modelWith((manifest) => Object.assign(manifest.inSeries as object, { output: 'novelty' }));
    await expect(open(flat)).rejects.toThrow(/must give "novelty", .* as \[N, 4, rows, columns\]/);
  });

  it('is refused when it is no ONNX at all', async () => {
    const models = await modelWith(() => {}, Buffer.from('not a graph'));
    await expect(open(models)).rejects.toThrow(/not a model that ONNX Runtime can load/);
  });
});
