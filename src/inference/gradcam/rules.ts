import { ExplanationUnavailable } from '../../errors.js';
import type { Node } from './graph.js';
import type { GraphWriter } from './writer.js';

/**
 * How a gradient passes back through an operator: from the gradient of its output to that of its first input.
 * Sizes are read at run time with Shape, so no rule needs to know them.
 */
export type Rule = (gradient: string, node: Node, writer: GraphWriter) => string;

/** One entry per operator. To differentiate through another one, add its rule here and its test. */
export const rules: Readonly<Record<string, Rule>> = {
  Identity: (gradient) => gradient,
  Dropout: (gradient) => gradient, // identity at inference
  Flatten: reshapeToInput,
  Reshape: reshapeToInput,
  Squeeze: reshapeToInput,
  Unsqueeze: reshapeToInput,
  Relu: (gradient, node, writer) => whereInside(gradient, node, writer, { above: writer.float(0) }),
  Clip: (gradient, node, writer) => {
    const [, minimum, maximum] = node.inputs;
    const { min, max } = node.attributes; // before opset 11 the limits were attributes
    const above = minimum || (typeof min === 'number' ? writer.float(min) : undefined);
    const below = maximum || (typeof max === 'number' ? writer.float(max) : undefined);
    return whereInside(gradient, node, writer, { ...(above && { above }), ...(below && { below }) });
  },
  GlobalAveragePool: meanGradient,
  ReduceMean: (gradient, node, writer) => {
    const axes = node.attributes.axes; // since opset 18 an input instead
    if (!Array.isArray(axes) || axes.map((axis) => (axis + 4) % 4).join() !== '2,3')
      throw new ExplanationUnavailable(
        `ReduceMean "${node.name}" does not average over rows and columns alone; maps cannot be computed through it. Export the model with GlobalAveragePool.`,
      );
    return meanGradient(gradient, node, writer);
  },
  // Y = alpha · X · W: dX = alpha · dY · Wᵀ
  Gemm: (gradient, node, writer) => {
    const weights = node.inputs[1] as string;
    const transposed = node.attributes.transB === 1 ? weights : writer.node('Transpose', [weights], { perm: [1, 0] });
    const product = writer.node('MatMul', [gradient, transposed]);
    const alpha = (node.attributes.alpha as number | undefined) ?? 1;
    return alpha === 1 ? product : writer.node('Mul', [product, writer.float(alpha)]);
  },
  MatMul: (gradient, node, writer) => {
    const transposed = writer.node('Transpose', [node.inputs[1] as string], { perm: [1, 0] });
    return writer.node('MatMul', [gradient, transposed]);
  },
};

function reshapeToInput(gradient: string, node: Node, writer: GraphWriter): string {
  return writer.node('Reshape', [gradient, writer.node('Shape', [node.inputs[0] as string])]);
}

/** The gradient where the output lies strictly inside its limits, 0 elsewhere: at a limit the slope is 0. */
function whereInside(
  gradient: string,
  node: Node,
  writer: GraphWriter,
  limits: { above?: string; below?: string },
): string {
  const output = node.outputs[0] as string;
  const conditions = [
    ...(limits.above ? [writer.node('Greater', [output, limits.above])] : []),
    ...(limits.below ? [writer.node('Less', [output, limits.below])] : []),
  ];
  const [first, second] = conditions;
  if (!first) return gradient;
  const inside = second ? writer.node('And', [first, second]) : first;
  return writer.node('Where', [inside, gradient, writer.float(0)]);
}

/** Every averaged element has an equal part in the mean: the gradient, spread out, over the number of elements. */
function meanGradient(gradient: string, node: Node, writer: GraphWriter): string {
  const input = node.inputs[0] as string;
  const shape = writer.node('Shape', [input]);
  // [N, C] or [N, C, 1, 1] → [N, C, 1, 1], whether or not the mean kept its dimensions
  const kept = writer.node('Reshape', [gradient, writer.integers([0, -1, 1, 1])]);
  const size = writer.node('Slice', [shape, writer.integers([2]), writer.integers([4])]);
  const count = writer.node('Cast', [writer.node('ReduceProd', [size], { keepdims: 0 })], { to: 1 });
  return writer.node('Expand', [writer.node('Div', [kept, count]), shape]);
}
