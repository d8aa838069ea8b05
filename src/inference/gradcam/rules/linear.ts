import { sumTo } from './arithmetic.js';
import { type BackwardRule, NotCovered } from './rule.js';

/** Y = α · X · W + bias: dX = α · dY · Wᵀ. Gemm transposes the weights itself; no transposed copy is made. */
export const gemm: BackwardRule = (step) => {
  const { writer, gradient, node } = step;
  if (step.number('transA', 0) === 1) throw new NotCovered('it transposes its first input');
  const alpha = step.number('alpha', 1);
  return [
    () => {
      const transB = 1 - step.number('transB', 0);
      const product = writer.node('Gemm', [gradient, node.inputs[1] as string], { transB });
      return alpha === 1 ? product : writer.node('Mul', [product, alpha]);
    },
  ];
};

/** Y = A · B: dA = dY · Bᵀ, dB = Aᵀ · dY, summed over the axes that were broadcast. */
export const matMul: BackwardRule = (step) => {
  const [a, b] = step.node.inputs as [string, string];
  const { writer, gradient } = step;
  const [rankA, rankB] = [step.shape(a).length, step.shape(b).length];
  if (rankA < 2 || rankB < 2) throw new NotCovered('one of its inputs is a vector');
  const transposed = (value: string, rank: number) => {
    const perm = [...Array(rank).keys()];
    perm.push(...perm.splice(rank - 2).reverse());
    return writer.node('Transpose', [value], { perm });
  };
  return [
    () =>
      rankA === 2 && rankB === 2
        ? writer.node('Gemm', [gradient, b], { transB: 1 })
        : sumTo(step, writer.node('MatMul', [gradient, transposed(b, rankB)]), a),
    () => sumTo(step, writer.node('MatMul', [transposed(a, rankA), gradient]), b),
  ];
};
