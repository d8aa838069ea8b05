import { type Field, readFields } from './protobuf.js';

// Field numbers of onnx.proto: ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto.
export const MODEL = { graph: 7, opsetImport: 8 };
export const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 };
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 };
export const ATTRIBUTE = { name: 1, float: 2, integer: 3, integers: 8, type: 20 };
export const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9 };
export const VALUE_INFO = { name: 1, type: 2 };
export const OPSET = { domain: 1, version: 2 };

export type Attributes = Readonly<Record<string, number | readonly number[]>>;
export type Node = { name: string; opType: string; inputs: string[]; outputs: string[]; attributes: Attributes };
export type Graph = { nodes: Node[]; inputs: string[]; outputs: string[]; initializers: Set<string>; opset: number };

const text = (value: Field['value']): string => new TextDecoder().decode(value as Uint8Array);

/** The nodes and names of an ONNX model; its weights are not looked at. @throws RangeError where it is none. */
export function readGraph(model: Uint8Array): Graph {
  const graph: Graph = { nodes: [], inputs: [], outputs: [], initializers: new Set(), opset: 0 };
  for (const { number, value } of readFields(model)) {
    if (number === MODEL.graph) readGraphProto(value as Uint8Array, graph);
    if (number === MODEL.opsetImport) readOpset(value as Uint8Array, graph);
  }
  return graph;
}

function readOpset(bytes: Uint8Array, graph: Graph): void {
  const fields = [...readFields(bytes)];
  const domain = fields.find(({ number }) => number === OPSET.domain);
  const version = fields.find(({ number }) => number === OPSET.version);
  // The default domain is written as nothing, or as "ai.onnx".
  if (!domain || ['', 'ai.onnx'].includes(text(domain.value))) graph.opset = (version?.value as number) ?? 0;
}

function readGraphProto(bytes: Uint8Array, graph: Graph): void {
  for (const { number, value } of readFields(bytes)) {
    const field = value as Uint8Array;
    if (number === GRAPH.node) graph.nodes.push(readNode(field));
    if (number === GRAPH.initializer) graph.initializers.add(nameOf(field, TENSOR.name));
    if (number === GRAPH.input) graph.inputs.push(nameOf(field, VALUE_INFO.name));
    if (number === GRAPH.output) graph.outputs.push(nameOf(field, VALUE_INFO.name));
  }
}

function readNode(bytes: Uint8Array): Node {
  const node = { name: '', opType: '', inputs: [] as string[], outputs: [] as string[] };
  const attributes: Record<string, number | number[]> = {};
  for (const { number, value } of readFields(bytes)) {
    if (number === NODE.input) node.inputs.push(text(value));
    if (number === NODE.output) node.outputs.push(text(value));
    if (number === NODE.name) node.name = text(value);
    if (number === NODE.opType) node.opType = text(value);
    if (number === NODE.attribute) readAttribute(value as Uint8Array, attributes);
  }
  return { ...node, attributes };
}

function readAttribute(bytes: Uint8Array, attributes: Record<string, number | number[]>): void {
  let name = '';
  let single: number | undefined;
  const list: number[] = [];
  for (const { number, value } of readFields(bytes)) {
    if (number === ATTRIBUTE.name) name = text(value);
    if (number === ATTRIBUTE.float || number === ATTRIBUTE.integer) single = value as number;
    if (number === ATTRIBUTE.integers) {
      // Packed into one field, or one field each: both are legal.
      if (typeof value === 'number') list.push(value);
      else list.push(...unpack(value));
    }
  }
  attributes[name] = single ?? list;
}

function* unpack(bytes: Uint8Array): Generator<number> {
  for (let offset = 0; offset < bytes.length; ) {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[offset++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    yield value >= 2 ** 63 ? value - 2 ** 64 : value;
  }
}

function nameOf(bytes: Uint8Array, field: number): string {
  for (const { number, value } of readFields(bytes)) if (number === field) return text(value);
  return '';
}
