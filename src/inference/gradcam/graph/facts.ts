import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ExplanationUnavailable } from '../../../errors/errors.js';
import type { Graph, GraphNode } from './graph.js';
import { GraphWriter } from './writer.js';

/** Stands in a shape for the dimension that grows with the batch. */
export const BATCH = -1;
/** Operators whose outputs are lists of tensors, which have no shape. */
const LISTS = new Set(['SplitToSequence', 'SequenceConstruct', 'SequenceEmpty', 'SequenceErase', 'SequenceInsert']);
/** Operators whose output depends on the shape of their input alone. */
const OF_SHAPES = new Set(['Shape', 'Size']);
/** Most elements of a weight that can be a list of axes, sizes or limits. */
const LARGEST_OPERAND = 16;

/** Facts that a graph does not state, found by running it. */
export type Facts = {
  shapes: ReadonlyMap<string, readonly number[]>;
  /** Small constants that operators take as inputs: axes, pads, split sizes, exponents. */
  constants: ReadonlyMap<string, readonly number[]>;
  /** Values whose first dimension does not count slices: a batch cut into patches or channels. */
  folded: ReadonlySet<string>;
  /** Values that a Slice with a negative step has mirrored along rows or columns, or that derive from such values. */
  mirrored: ReadonlySet<string>;
};

/** Files with weights, by the path that the model gives. */
export type ExternalData = { path: string; data: Uint8Array }[];

/**
 * Runs the model on zeros, with the shape of every value of `nodes` and of `others` as an output, so that no operator's
 * shape rules need to be known here. Where the batch is free it runs twice, to see what grows with it.
 * @param sizes of the input, [channels, rows, columns], where the graph leaves them open.
 */
export async function measureFacts(
  model: Uint8Array,
  graph: Graph,
  nodes: readonly GraphNode[],
  others: readonly string[],
  sizes: readonly number[] | undefined,
  externalData: ExternalData,
): Promise<Facts> {
  const writer = new GraphWriter(graph.opset);
  const lists = new Set(graph.nodes.flatMap(({ opType, outputs }) => (LISTS.has(opType) ? outputs : [])));
  const named = [...others, ...nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])];
  const values = new Set(named.filter((name) => name !== '' && !lists.has(name)));
  const fromSlices = dependingOnSlices(graph);
  const cuts = graph.nodes.filter(({ opType }) => opType === 'Slice'); // those before the layers matter as well
  const operands = new Set(
    [...nodes, ...cuts]
      .flatMap(({ inputs }) => inputs.slice(1))
      .filter((name) => isSmall(name, graph) && !lists.has(name) && !fromSlices.has(name)),
  );
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
    const { run, batch } = runner(session, graph, sizes);
    const small = await run(batch);
    // A batch of two fails where the graph declares it free, but an operator inside was exported for one.
    const large = graph.inputs[0]?.shape[0] === undefined ? await run(2).catch(() => small) : small;
    const read = (run: Run, output: string) => Array.from(run[output]?.data as Float32Array | BigInt64Array, Number);
    const shapes = new Map<string, number[]>();
    const folded = new Set<string>();
    for (const [value, output] of shapeOutput) {
      const [smallShape, largeShape] = [read(small, output), read(large, output)];
      const shape = smallShape.map((size, axis) => (size === largeShape[axis] ? size : BATCH));
      shapes.set(value, shape);
      if (smallShape[0] !== batch) folded.add(value);
    }
    const constants = new Map<string, number[]>();
    for (const [value, output] of valueOutput) {
      if ((small[output]?.size ?? 0) > LARGEST_OPERAND) continue; // it was computed from a weight
      const found = read(small, output);
      // A value that depends on the batch is not constant.
      if (found.join() === read(large, output).join()) constants.set(value, found);
    }
    return { shapes, constants, folded, mirrored: mirroredIn(graph, constants) };
  } finally {
    await session.release();
  }
}

type Run = Record<string, Tensor>;

/** Makes a function that runs on zeros. `batch`: the one that the graph is fixed to, or 1. */
function runner(session: InferenceSession, graph: Graph, sizes: readonly number[] | undefined) {
  const [input] = graph.inputs;
  const dimensions = (input?.shape ?? []).slice(1).map((size, index) => size ?? sizes?.[index]);
  if (!input || dimensions.some((size) => size === undefined))
    throw new ExplanationUnavailable(
      'The size of the input is open in the graph, and nothing else says it. Export the model with a fixed size.',
    );
  const run = async (batch: number): Promise<Run> => {
    const dims = [batch, ...(dimensions as number[])];
    const zeros = new Float32Array(dims.reduce((product, size) => product * size, 1));
    return (await session.run({ [input.name]: new Tensor('float32', zeros, dims) })) as Run;
  };
  return { run, batch: input.shape[0] ?? 1 };
}

/**
 * The values that are mirrored. Since opset 10 a Slice has its axes and steps as inputs 3 and 4; torch.flip is exported
 * so.
 */
function mirroredIn({ nodes }: Graph, constants: Facts['constants']): ReadonlySet<string> {
  const turned = nodes.filter(({ opType, inputs }) => {
    const steps = constants.get(inputs[4] ?? '') ?? [];
    const axes = constants.get(inputs[3] ?? '') ?? [];
    // Axes may be counted from the end: of four, -1 and -2 are columns and rows.
    return opType === 'Slice' && steps.some((step, index) => step < 0 && [2, 3, -1, -2].includes(axes[index] ?? index));
  });
  return derivedFrom(
    turned.flatMap(({ outputs }) => outputs),
    nodes,
  );
}

/** The values that depend on the content of a slice, and not only on its shape. */
function dependingOnSlices({ inputs, nodes }: Graph): ReadonlySet<string> {
  return derivedFrom(
    inputs.map(({ name }) => name),
    nodes.filter(({ opType }) => !OF_SHAPES.has(opType)),
  );
}

/**
 * `values`, and all values that `nodes` compute from them. The nodes of an ONNX graph are in the order of computation.
 */
function derivedFrom(values: readonly string[], nodes: readonly GraphNode[]): ReadonlySet<string> {
  const found = new Set(values);
  for (const { inputs, outputs } of nodes)
    if (inputs.some((name) => found.has(name))) for (const output of outputs) found.add(output);
  return found;
}

function isSmall(name: string, { initializers }: Graph): boolean {
  const weight = initializers.get(name);
  if (name === '') return false;
  return !weight || weight.reduce((product, size) => product * size, 1) <= LARGEST_OPERAND;
}
