import { ATTRIBUTE, GRAPH, MODEL, NODE, TENSOR, VALUE_INFO } from './graph.js';
import { bytesField, concatenate, integerField } from './protobuf.js';

const FLOAT = 1; // TensorProto.DataType
const INT64 = 7;
const INT_ATTRIBUTE = 2; // AttributeProto.AttributeType
const INTS_ATTRIBUTE = 7;
const PREFIX = 'mrimaster/';

/** An operand of a node: the name of a value, or a number for a float32 constant. */
export type Operand = string | number;

/**
 * Collects nodes, constants, inputs and outputs to add to a model. Protocol Buffers merge a message that comes in
 * several parts, so the enlarged model is the original bytes followed by these.
 */
export class GraphWriter {
  private readonly parts: Uint8Array[] = [];
  private readonly constants = new Map<string, string>();
  private count = 0;

  constructor(readonly opset: number) {}

  /** Appends a node with one output. @returns the name of that output. */
  node(
    opType: string,
    operands: readonly Operand[],
    attributes: Record<string, number | readonly number[]> = {},
  ): string {
    const inputs = operands.map((operand) => (typeof operand === 'number' ? this.float(operand) : operand));
    const output = this.fresh();
    this.append(opType, inputs, output, attributes);
    return output;
  }

  /** Gives a value another shape. @returns the name of the result, as all these methods do. */
  reshape(value: string, shape: readonly number[]): string {
    return this.node('Reshape', [value, this.integers(shape)]);
  }

  /** Adds zeros (or `filling`) before and after every axis. A negative count removes elements. */
  pad(value: string, before: readonly number[], after: readonly number[], filling = 0): string {
    if ([...before, ...after].every((count) => count === 0)) return value;
    return this.node('Pad', [value, this.integers([...before, ...after]), filling]);
  }

  /** Sums over `axes`, which stay with size 1. */
  sumOver(value: string, axes: readonly number[]): string {
    return this.opset < 13
      ? this.node('ReduceSum', [value], { axes, keepdims: 1 })
      : this.node('ReduceSum', [value, this.integers(axes)], { keepdims: 1 });
  }

  /** Averages over `axes`, which stay with size 1. */
  meanOver(value: string, axes: readonly number[]): string {
    return this.opset < 18
      ? this.node('ReduceMean', [value], { axes, keepdims: 1 })
      : this.node('ReduceMean', [value, this.integers(axes)], { keepdims: 1 });
  }

  /** A constant list of int64. */
  integers(values: readonly number[]): string {
    return this.constant(INT64, new BigInt64Array(values.map(BigInt)), [values.length]);
  }

  /** A float32 constant without dimensions. */
  float(value: number): string {
    return this.constant(FLOAT, Float32Array.of(value), []);
  }

  /** A float32 constant of the given shape. */
  floats(values: readonly number[], shape: readonly number[]): string {
    return this.constant(FLOAT, Float32Array.from(values), shape);
  }

  /** Adds a float32 input to the model. Text in `shape` names a dimension of any size. */
  input(name: string, shape: readonly (number | string)[]): void {
    this.parts.push(bytesField(GRAPH.input, valueInfo(name, shape)));
  }

  /** Makes the result of `opType` of a value an output of the model, under `name`. ONNX Runtime infers its type. */
  output(name: string, value: string, opType = 'Identity'): void {
    this.append(opType, [value], name, {});
    this.parts.push(bytesField(GRAPH.output, bytesField(VALUE_INFO.name, name)));
  }

  /** The enlarged model: `model` followed by everything collected. */
  appendTo(model: Uint8Array): Uint8Array {
    return concatenate([model, bytesField(MODEL.graph, concatenate(this.parts))]);
  }

  private append(
    opType: string,
    inputs: readonly string[],
    output: string,
    attributes: Record<string, number | readonly number[]>,
  ): void {
    const fields = [
      ...inputs.map((input) => bytesField(NODE.input, input)),
      bytesField(NODE.output, output),
      bytesField(NODE.opType, opType),
      ...Object.entries(attributes).map(([name, value]) => bytesField(NODE.attribute, attribute(name, value))),
    ];
    this.parts.push(bytesField(GRAPH.node, concatenate(fields)));
  }

  private constant(type: number, values: BigInt64Array | Float32Array, dims: readonly number[]): string {
    const key = `${type} ${dims} ${values}`;
    const known = this.constants.get(key);
    if (known) return known;
    const name = this.fresh();
    const fields = [
      ...dims.map((dim) => integerField(TENSOR.dims, dim)),
      integerField(TENSOR.dataType, type),
      bytesField(TENSOR.name, name),
      bytesField(TENSOR.rawData, new Uint8Array(values.buffer)), // little-endian, like every platform of Node.js
    ];
    this.parts.push(bytesField(GRAPH.initializer, concatenate(fields)));
    this.constants.set(key, name);
    return name;
  }

  private fresh(): string {
    return `${PREFIX}${this.count++}`;
  }
}

function attribute(name: string, value: number | readonly number[]): Uint8Array {
  const values =
    typeof value === 'number'
      ? [integerField(ATTRIBUTE.integer, value), integerField(ATTRIBUTE.type, INT_ATTRIBUTE)]
      : [
          ...value.map((integer) => integerField(ATTRIBUTE.integers, integer)),
          integerField(ATTRIBUTE.type, INTS_ATTRIBUTE),
        ];
  return concatenate([bytesField(ATTRIBUTE.name, name), ...values]);
}

/** ValueInfoProto { name, type: TypeProto { tensor_type: { elem_type, shape: { dim: { value | param } } } } } */
function valueInfo(name: string, shape: readonly (number | string)[]): Uint8Array {
  const dimensions = shape.map((dim) =>
    bytesField(1, typeof dim === 'number' ? integerField(1, dim) : bytesField(2, dim)),
  );
  const tensorType = concatenate([integerField(1, FLOAT), bytesField(2, concatenate(dimensions))]);
  return concatenate([bytesField(VALUE_INFO.name, name), bytesField(VALUE_INFO.type, bytesField(1, tensorType))]);
}
