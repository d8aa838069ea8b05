import { ATTRIBUTE, GRAPH, MODEL, NODE, TENSOR, VALUE_INFO } from './graph.js';
import { bytesField, concatenate, integerField } from './protobuf.js';

const FLOAT = 1; // TensorProto.DataType
const INT64 = 7;
const INT_ATTRIBUTE = 2; // AttributeProto.AttributeType
const INTS_ATTRIBUTE = 7;
const PREFIX = 'mrimaster/';

/**
 * Collects nodes, constants, inputs and outputs to add to a model. Protocol Buffers merge a message that is given
 * in several parts, so the enlarged model is the original bytes followed by these.
 */
export class GraphWriter {
  private readonly parts: Uint8Array[] = [];
  private count = 0;

  /** Appends a node with one output. @returns the name of that output. */
  node(opType: string, inputs: readonly string[], attributes: Record<string, number | readonly number[]> = {}): string {
    const output = `${PREFIX}${opType}_${this.count++}`;
    const fields = [
      ...inputs.map((input) => bytesField(NODE.input, input)),
      bytesField(NODE.output, output),
      bytesField(NODE.name, output),
      bytesField(NODE.opType, opType),
      ...Object.entries(attributes).map(([name, value]) => bytesField(NODE.attribute, attribute(name, value))),
    ];
    this.parts.push(bytesField(GRAPH.node, concatenate(fields)));
    return output;
  }

  integers(values: readonly number[]): string {
    return this.tensor(INT64, new BigInt64Array(values.map(BigInt)), [values.length]);
  }

  float(value: number): string {
    return this.tensor(FLOAT, new Float32Array([value]), []);
  }

  /** A float32 input of the given shape; text names a dimension of any size. */
  input(name: string, shape: readonly (number | string)[]): void {
    this.parts.push(bytesField(GRAPH.input, valueInfo(name, shape)));
  }

  /** Makes a value an output of the model, under `name`. */
  output(name: string, value: string, shape: readonly (number | string)[]): void {
    const identity = [
      bytesField(NODE.input, value),
      bytesField(NODE.output, name),
      bytesField(NODE.opType, 'Identity'),
    ];
    this.parts.push(bytesField(GRAPH.node, concatenate(identity)));
    this.parts.push(bytesField(GRAPH.output, valueInfo(name, shape)));
  }

  appendTo(model: Uint8Array): Uint8Array {
    return concatenate([model, bytesField(MODEL.graph, concatenate(this.parts))]);
  }

  private tensor(type: number, values: BigInt64Array | Float32Array, dims: readonly number[]): string {
    const name = `${PREFIX}constant_${this.count++}`;
    const fields = [
      ...dims.map((dim) => integerField(TENSOR.dims, dim)),
      integerField(TENSOR.dataType, type),
      bytesField(TENSOR.name, name),
      bytesField(TENSOR.rawData, new Uint8Array(values.buffer)), // little-endian, as every platform of Node is
    ];
    this.parts.push(bytesField(GRAPH.initializer, concatenate(fields)));
    return name;
  }
}

function attribute(name: string, value: number | readonly number[]): Uint8Array {
  const values =
    typeof value === 'number'
      ? [integerField(ATTRIBUTE.integer, value), integerField(ATTRIBUTE.type, INT_ATTRIBUTE)]
      : [...value.map((one) => integerField(ATTRIBUTE.integers, one)), integerField(ATTRIBUTE.type, INTS_ATTRIBUTE)];
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
