import * as activation from './activations.js';
import * as arithmetic from './arithmetic.js';
import { averagePool } from './averagePool.js';
import { conv, convTranspose } from './convolution.js';
import { gemm, matMul } from './linear.js';
import { globalMaxPool, maxPool } from './maxPool.js';
import * as normalization from './normalization.js';
import { globalAveragePool, reduceLogSumExp, reduceMean, reduceSum } from './reductions.js';
import type { BackwardRule } from './rule.js';
import * as shaping from './shaping.js';

/** The backward rule of each operator. To support another one, add its rule here and its test to rules.test.ts. */
export const rules: Readonly<Record<string, BackwardRule>> = {
  Abs: activation.abs,
  Add: arithmetic.add,
  AveragePool: averagePool,
  BatchNormalization: normalization.batchNormalization,
  Clip: activation.clip,
  Concat: shaping.concat,
  Conv: conv,
  ConvTranspose: convTranspose,
  Div: arithmetic.div,
  Dropout: shaping.identity, // at inference
  Elu: activation.elu,
  Erf: activation.erf,
  Exp: activation.exp,
  Flatten: shaping.reshape,
  Gather: shaping.gather,
  Gelu: activation.gelu,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  HardSigmoid: activation.hardSigmoid,
  HardSwish: activation.hardSwish,
  Identity: shaping.identity,
  InstanceNormalization: normalization.instanceNormalization,
  LayerNormalization: normalization.layerNormalization,
  LeakyRelu: activation.leakyRelu,
  Log: activation.log,
  MatMul: matMul,
  MaxPool: maxPool,
  Mul: arithmetic.mul,
  Neg: activation.neg,
  Pad: shaping.pad,
  Pow: arithmetic.pow,
  PRelu: activation.pRelu,
  Reciprocal: activation.reciprocal,
  ReduceLogSumExp: reduceLogSumExp,
  ReduceMean: reduceMean,
  ReduceSum: reduceSum,
  Relu: activation.relu,
  Reshape: shaping.reshape,
  Sigmoid: activation.sigmoid,
  Slice: shaping.slice,
  Softmax: normalization.softmax,
  Softplus: activation.softplus,
  Split: shaping.split,
  Sqrt: activation.sqrt,
  Squeeze: shaping.reshape,
  Sub: arithmetic.sub,
  Sum: arithmetic.add,
  Tanh: activation.tanh,
  Transpose: shaping.transpose,
  Unsqueeze: shaping.reshape,
  Where: shaping.where,
};

/**
 * Operators whose output does not change with a small change of their inputs. No gradient passes them, and none is
 * missing.
 */
export const constantOperators: ReadonlySet<string> = new Set([
  'And',
  'ArgMax',
  'ArgMin',
  'Ceil',
  'Equal',
  'Floor',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Not',
  'Or',
  'Round',
  'Shape',
  'Sign',
  'Size',
]);
