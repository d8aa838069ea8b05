import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { DeviceUnavailable, ModelInvalid } from '../errors/errors.js';
import { counted } from '../output/counted.js';

/** The device that INFERENCE_DEVICE asks for. */
export type InferenceDevice = 'auto' | 'cpu' | 'webgpu' | 'cuda';
/** What ONNX Runtime computes with. */
export type ExecutionProvider = 'cpu' | 'webgpu' | 'cuda';
/** A session that runs. `notes`: why this execution provider was chosen, for people. */
export type OpenSession = { session: InferenceSession; provider: ExecutionProvider; notes: string[] };

/**
 * Input and output sizes that the graph is checked against. `novelty`, `maps`: names of outputs beside the logits that
 * its manifest asks for.
 */
export type ExpectedShape = {
  channels: number;
  rows: number;
  columns: number;
  labels: number;
  novelty?: string | undefined;
  maps?: string | undefined;
};

const FASTEST_FIRST: ExecutionProvider[] = ['cuda', 'webgpu'];
/** Largest difference between the logits of another provider and the CPU's. */
const TOLERANCE = 1e-2;
/** A run that takes this long is not repeated for measuring. */
const SLOW_RUN_MS = 500;

/** Options of every session of this program. */
export function sessionOptions(provider: ExecutionProvider): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    logSeverityLevel: 4,
    // Threads that spin between operators use as much time again as they compute.
    extra: {
      session: { intra_op: { allow_spinning: '0' } },
      // Fusing a Pad into the AveragePool behind it changes the sizes or the shape that its means are over, or makes a
      // graph that does not load (ONNX Runtime 1.30: 104 of 576 small graphs,
      // tests/inference/reference/exportRules.py).
      optimization: { disable_specified_optimizers: 'Pad_Fusion' },
    },
  };
}

/**
 * Opens a session on the wanted device. "auto" tries the GPU providers one at a time, because ONNX Runtime itself never
 * falls back, and takes one only if it gives the CPU's answer faster.
 * @throws ModelInvalid where the graph does not fit its manifest; DeviceUnavailable where the wanted device fails.
 */
export async function openSession(file: string, device: InferenceDevice, shape: ExpectedShape): Promise<OpenSession> {
  const cpu = await InferenceSession.create(file, sessionOptions('cpu')).catch((error: Error) => {
    throw new ModelInvalid(`${file} is not a model that ONNX Runtime can load: ${error.message}`);
  });
  checkShape(cpu, file, shape);
  checkOutputs(cpu, file, shape);
  const reference = await measure(cpu, shape);
  if (reference.logits.length !== shape.labels)
    throw new ModelInvalid(
      `${file} gives ${counted(reference.logits.length, 'value')} a slice, but its manifest has ${counted(shape.labels, 'label')}. Make the labels agree with the graph.`,
    );
  if (device === 'cpu') return { session: cpu, provider: 'cpu', notes: [] };
  const notes: string[] = [];
  for (const provider of device === 'auto' ? FASTEST_FIRST : [device]) {
    const attempt = await tryProvider(file, provider, device, shape, reference);
    notes.push(`${provider}: ${attempt.note}`);
    if (!attempt.session) continue;
    const slower = attempt.milliseconds > reference.milliseconds;
    if (device === 'auto' && slower) {
      await attempt.session.release();
      notes.push(
        `${provider} is slower than cpu here (${ms(attempt.milliseconds)} against ${ms(reference.milliseconds)} a slice)`,
      );
      continue;
    }
    await cpu.release();
    return { session: attempt.session, provider, notes };
  }
  if (device === 'auto') return { session: cpu, provider: 'cpu', notes };
  throw new DeviceUnavailable(
    `INFERENCE_DEVICE=${device} cannot run the model. ${notes.join('; ')}. Set INFERENCE_DEVICE=auto to use what there is; docs/devices.md tells what each device needs.`,
  );
}

type Measurement = { logits: Float32Array; milliseconds: number };
type ProviderTrial =
  | { note: string; session?: undefined }
  | { note: string; session: InferenceSession; milliseconds: number };

async function tryProvider(
  file: string,
  provider: ExecutionProvider,
  device: InferenceDevice,
  shape: ExpectedShape,
  reference: Measurement,
): Promise<ProviderTrial> {
  const missing = await whatIsMissing(provider, device);
  if (missing) return { note: missing };
  try {
    const where = await placement(file, provider, shape);
    if (!where.startsWith(provider)) return { note: `none of the model's operators ran on it (${where})` };
    const session = await InferenceSession.create(file, sessionOptions(provider));
    const { logits, milliseconds } = await measure(session, shape);
    const worst = Math.max(...logits.map((value, index) => Math.abs(value - (reference.logits[index] as number))));
    if (worst <= TOLERANCE) return { note: where, session, milliseconds };
    await session.release();
    return { note: `its logits differ from the cpu's by ${worst.toPrecision(2)}` };
  } catch (error) {
    const message = (error as Error).message;
    if (message.includes('Failed to get a WebGPU adapter'))
      return { note: 'no adapter was found; it needs a driver for Vulkan, Metal or Direct3D 12' };
    return { note: message.split('\n')[0] as string };
  }
}

/**
 * Why a provider need not be tried. The libraries complain on the terminal when they fail, so two cases are recognised
 * before: CUDA without its library, which is installed separately, and in "auto" WebGPU without a graphics device
 * (software drivers are slower than the CPU).
 */
async function whatIsMissing(provider: ExecutionProvider, device: InferenceDevice): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  if (provider === 'cuda') {
    const entry = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
    const library = `bin/napi-v6/linux/${process.arch}/libonnxruntime_providers_cuda.so`;
    return existsSync(join(dirname(entry), library)) ? undefined : 'its library is not installed (docs/devices.md)';
  }
  if (device !== 'auto') return undefined;
  const devices = await readdir('/dev');
  const graphics = devices.some((name) => /^(dri|dxg|nvidia\d+|mali\d*)$/.test(name));
  return graphics ? undefined : 'this machine has no graphics device';
}

/** Where the operators really run, by ONNX Runtime's own profile: "webgpu 64 of 66 operators, cpu 2". */
async function placement(file: string, provider: ExecutionProvider, shape: ExpectedShape): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mrimaster-profile-'));
  try {
    const profiled = { ...sessionOptions(provider), enableProfiling: true, profileFilePrefix: join(folder, 'run') };
    const session = await InferenceSession.create(file, profiled);
    await run(session, shape);
    session.endProfiling();
    await session.release();
    const [name] = await readdir(folder);
    const events: { args?: { provider?: string } }[] = JSON.parse(await readFile(join(folder, name as string), 'utf8'));
    const counts = new Map<string, number>();
    for (const { args } of events) {
      if (!args?.provider) continue;
      const short = args.provider.replace('ExecutionProvider', '').toLowerCase();
      counts.set(short, (counts.get(short) ?? 0) + 1);
    }
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const sorted = [...counts].sort(([a], [b]) => Number(b === provider) - Number(a === provider));
    return sorted
      .map(([name, count], i) => (i ? `${name} ${count}` : `${name} ${count} of ${total} operators`))
      .join(', ');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Measures the fastest of up to three runs after one to warm up, on a fixed input; fewer where a run takes long. */
async function measure(session: InferenceSession, shape: ExpectedShape): Promise<Measurement> {
  let logits = await run(session, shape);
  const times: number[] = [];
  while (times.length < 3 && times.every((time) => time < SLOW_RUN_MS)) {
    const start = performance.now();
    logits = await run(session, shape);
    times.push(performance.now() - start);
  }
  return { logits, milliseconds: Math.min(...times) };
}

async function run(session: InferenceSession, { channels, rows, columns }: ExpectedShape): Promise<Float32Array> {
  const metadata = session.inputMetadata[0];
  const given = metadata?.isTensor ? metadata.shape[0] : undefined;
  const batch = typeof given === 'number' ? given : 1;
  const data = Float32Array.from({ length: batch * channels * rows * columns }, (_, index) => Math.sin(index / 50));
  const input = new Tensor('float32', data, [batch, channels, rows, columns]);
  const outputs = await session.run({ [session.inputNames[0] as string]: input });
  const logits = outputs[session.outputNames[0] as string]?.data as Float32Array;
  return Float32Array.from(logits.subarray(0, logits.length / batch));
}

function checkShape(session: InferenceSession, file: string, { channels, rows, columns }: ExpectedShape): void {
  const metadata = session.inputMetadata[0];
  const wanted = [channels, rows, columns];
  const found = metadata?.isTensor ? metadata.shape : [];
  const fits =
    metadata?.isTensor &&
    metadata.type === 'float32' &&
    found.length === 4 &&
    wanted.every((size, index) => typeof found[index + 1] !== 'number' || found[index + 1] === size);
  if (session.inputNames.length === 1 && fits) return;
  throw new ModelInvalid(
    `${file} must have one float32 input [N, ${wanted.join(', ')}] as its manifest's "input" says; it has ${session.inputNames.length} (the first: ${metadata?.isTensor ? metadata.type : 'no tensor'} [${found.join(', ')}]).`,
  );
}

function checkOutputs({ outputNames, outputMetadata }: InferenceSession, file: string, shape: ExpectedShape): void {
  const { novelty, maps, labels } = shape;
  const mapped = outputMetadata.find(({ name }) => name === maps);
  if (mapped && !(mapped.isTensor && mapped.shape.length === 4 && [labels, undefined].includes(fixed(mapped.shape[1]))))
    throw new ModelInvalid(
      `${file} must give "${maps}", which its manifest names in "inSeries", as [N, ${labels}, rows, columns]. Name such an output, or leave "inSeries" out.`,
    );
  const missing = [novelty, maps].find((name) => name !== undefined && !outputNames.includes(name));
  if (missing === undefined) return;
  throw new ModelInvalid(
    `${file} has no output "${missing}", which its manifest names in "outOfDistribution" or "inSeries"; it has ${outputNames.join(', ')}. Name one of them, or leave that part of the manifest out.`,
  );
}

/** The size of a dimension; undefined where the graph leaves it open. */
const fixed = (size: number | string | undefined): number | undefined => (typeof size === 'number' ? size : undefined);
const ms = (value: number): string => `${value.toPrecision(2)} ms`;
