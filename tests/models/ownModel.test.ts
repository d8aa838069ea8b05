import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importFiles } from '../../src/intake/importFiles.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { type Answer, runCli, startProgram, temporaryFolder } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';

const python = process.env.PYTHON ?? '/usr/bin/python3';
const hasTorch = requirePart(
  'torchvision',
  spawnSync(python, ['-c', 'import torchvision, onnx']).status === 0,
  'Install python3-torch, python3-torchvision and python3-onnx, or set PYTHON.',
);

const MANIFEST = {
  name: 'chest-demo',
  version: '1.0.0',
  file: 'model.onnx',
  labels: ['normal', 'effusion', 'nodule'],
  input: { rows: 96, columns: 96, channels: 3, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
};

describe.skipIf(!hasTorch)('a hospital’s own ResNet18 beside its least manifest', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let env: Record<string, string>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const models = join(folder.path, 'models');
    const directory = join(models, 'chest-demo/1.0.0');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'manifest.json'), JSON.stringify(MANIFEST));
    const script = fileURLToPath(new URL('../inference/reference/exportOwnModel.py', import.meta.url));
    const exported = spawnSync(python, ['-B', '-W', 'ignore', script, join(directory, 'model.onnx')], {
      encoding: 'utf8',
    });
    if (exported.status !== 0) throw new Error(exported.stderr);
    await writeSampleStudy(join(folder.path, 'sample'));
    env = { MODELS_DIR: models, DATA_DIR: join(folder.path, 'data') };
  });
  afterAll(() => folder.remove());

  it('classifies and explains a file from the command line, its layers named as in torchvision', async () => {
    const slice = join(folder.path, 'sample/anatomy-10.dcm');
    const classified = await runCli(['classify', slice], env);
    expect(classified.code).toBe(0);
    expect(classified.stdout).toContain('This model is not calibrated');
    const { stdout } = await runCli(['explain', slice, '--json', '--label', 'nodule'], env);
    const maps = stdout
      .trim()
      .split('\n')
      .map((line): Answer => JSON.parse(line));
    expect(maps).toHaveLength(20);
    expect(maps[0]).toMatchObject({ layer: 'conv1', label: 'nodule', rows: 48, columns: 48 });
    expect(maps.at(-1)).toMatchObject({ layer: 'layer4.1.conv2', rows: 3, columns: 3 });
  });

  it('is served: its predictions and every layer of its explanations', async () => {
    const program = await startProgram(env);
    try {
      await importFiles(program.context, join(folder.path, 'sample/anatomy-10.dcm'));
      const [instance] = await program.context.prisma.instance.findMany();
      const { data, errors } = await program.ask(
        `mutation ($sop: DicomUid!) { classifySlice(input: { sopInstanceUid: $sop }) { prediction {
          status label probabilities { label } model { name labels } explanations(label: "effusion", method: LAYER_CAM) { layer label method } } } }`,
        { sop: instance?.sopInstanceUid },
      );
      expect(errors).toBeUndefined();
      const { explanations, ...prediction } = data.classifySlice.prediction;
      expect(prediction).toMatchObject({
        status: 'CLASSIFIED',
        model: { name: 'chest-demo', labels: MANIFEST.labels },
      });
      expect(prediction.probabilities.map((one: Answer) => one.label)).toEqual(MANIFEST.labels);
      expect(explanations).toHaveLength(20);
      for (const one of explanations) expect(one).toMatchObject({ label: 'effusion', method: 'LAYER_CAM' });
    } finally {
      await program.close();
    }
  });
});
