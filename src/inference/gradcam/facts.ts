import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ExplanationUnavailable } from '../../errors.js';
import type { Graph, Node } from './graph.js';
import { GraphWriter } from './writer.js';

/** In a shape: the dimension that grows with the batch. */
export const BATCH = -1;
/** Above this many elements a weight cannot be a list of axes, sizes or limits. */
const LARGEST_OPERAND = 16;

/** What a graph does not say by itself, found by running it. */
export type Facts = {
  shapes: ReadonlyMap<string, readonly number[]>;
  /** Small constants that an operator is given as inputs: axes, pads, split sizes, exponents. */
  constants: ReadonlyMap<string, readonly number[]>;
};

export type ExternalData = { path: string; data: Uint8Array }[];

/**
 * Runs the model on zeros, with the shape of every value of `nodes` as an output; twice where the batch is free, to
 * see what grows with it. So no operator's shape rules need to be known here.
 * @param sizes of the input, [channels, rows, columns], where the graph leaves them open.
 */
export async function measureFacts(
  model: Uint8Array,
  graph: Graph,
  nodes: readonly Node[],
  sizes: readonly number[] | undefined,
  externalData: ExternalData,
): Promise<Facts> {
  const writer = new GraphWriter(graph.opset);
  const values = new Set(nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]).filter((name) => name !== ''));
  const operands = new Set(nodes.flatMap(({ inputs }) => inputs.slice(1)).filter((name) => isSmall(name, graph)));
  const shapeOutput = new Map([...values].map((value, index) => [value, `mrimaster/shape/${index}`]));
  const valueOutput = new Map([...operands].map((value, index) => [value, `mrimaster/value/${index}`]));
  for (const [value, output] of shapeOutput) writer.output(output, value, 'Shape');
  for (const [value, output] of valueOutput) writer.output(output, value);
  const session = await InferenceSession.create(writer.appendTo(model), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
    ...(externalData.length > 0 && { externalData }),
  });
  try {
    const [small, large] = await runOnZeros(session, graph, sizes);
    const read = (run: Run, output: string) => Array.from(run[output]?.data as Float32Array | BigInt64Array, Number);
    const shapes = new Map<string, number[]>();
    for (const [value, output] of shapeOutput) {
      const other = read(large, output);
      shapes.set(
        value,
        read(small, output).map((size, axis) => (size === other[axis] ? size : BATCH)),
      );
    }
    const constants = new Map<string, number[]>();
    for (const [value, output] of valueOutput) {
      if ((small[output]?.size ?? 0) > LARGEST_OPERAND) continue; // computed from a weight
      const found = read(small, output);
      // What depends on the batch, or on the slice, is no constant.
      if (found.join() === read(large, output).join()) constants.set(value, found);
    }
    return { shapes, constants };
  } finally {
    await session.release();
  }
}

type Run = Record<string, Tensor>;

async function runOnZeros(
  session: InferenceSession,
  graph: Graph,
  sizes: readonly number[] | undefined,
): Promise<[Run, Run]> {
  const [input] = graph.inputs;
  const dimensions = (input?.shape ?? []).slice(1).map((size, index) => size ?? sizes?.[index]);
  if (!input || dimensions.some((size) => size === undefined))
    throw new ExplanationUnavailable(
      'The size of the input is open in the graph, and nothing else says it. Export the model with a fixed size.',
    );
  const run = async (batch: number) => {
    const dims = [batch, ...(dimensions as number[])];
    const zeros = new Float32Array(dims.reduce((product, size) => product * size, 1));
    return (await session.run({ [input.name]: new Tensor('float32', zeros, dims) })) as Run;
  };
  const [fixed] = input.shape;
  const small = await run(fixed ?? 1);
  // A batch of two fails where the graph says that it is free, but an operator inside was exported for one.
  const large = fixed === undefined ? await run(2).catch(() => small) : small;
  return [small, large];
}

function isSmall(name: string, { initializers }: Graph): boolean {
  const weight = initializers.get(name);
  if (name === '') return false;
  return !weight || weight.reduce((product, size) => product * size, 1) <= LARGEST_OPERAND;
}
