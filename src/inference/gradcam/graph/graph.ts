import { type Field, readFields, unpack } from './protobuf.js';

// Field numbers of onnx.proto: ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto,
// OperatorSetIdProto.
export const MODEL = { graph: 7, opsetImport: 8 };
export const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 };
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 };
export const ATTRIBUTE = { name: 1, float: 2, integer: 3, text: 4, graph: 6, integers: 8, graphs: 11, type: 20 };
export const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9, externalData: 13 };
export const VALUE_INFO = { name: 1, type: 2 };
export const OPSET = { domain: 1, version: 2 };

/** Attributes of a node by name: numbers, texts and lists of integers. Any other attribute is an empty list. */
export type NodeAttributes = Readonly<Record<string, number | string | readonly number[]>>;
/** An operator of the graph. `opType` starts with its domain unless that is ONNX's own: "com.microsoft.FusedConv". */
export type GraphNode = {
  name: string;
  opType: string;
  inputs: string[];
  outputs: string[];
  attributes: NodeAttributes;
};
/** An input of the graph. A dimension without a number ("N") is undefined. */
export type GraphInput = { name: string; shape: (number | undefined)[] };
/** An ONNX graph without its weights. */
export type Graph = {
  nodes: GraphNode[];
  inputs: GraphInput[];
  outputs: string[];
  /** Shape of each weight, by its name. */
  initializers: Map<string, number[]>;
  /** Paths of files that hold weights, relative to the model. */
  externalFiles: Set<string>;
  opset: number;
};

const text = (value: Field['value']): string => new TextDecoder().decode(value as Uint8Array);

/** Reads the nodes and names of an ONNX model, without its weights. @throws RangeError where it is not one. */
export function readGraph(model: Uint8Array): Graph {
  const graph = emptyGraph();
  for (const { number, value } of readFields(model)) {
    if (number === MODEL.graph) readGraphProto(value as Uint8Array, graph);
    if (number === MODEL.opsetImport) readOpset(value as Uint8Array, graph);
  }
  // Before IR version 4 every weight was listed as an input as well.
  graph.inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  return graph;
}

function emptyGraph(): Graph {
  return { nodes: [], inputs: [], outputs: [], initializers: new Map(), externalFiles: new Set(), opset: 0 };
}

function readOpset(bytes: Uint8Array, graph: Graph): void {
  const fields = [...readFields(bytes)];
  const domain = fields.find(({ number }) => number === OPSET.domain);
  const version = fields.find(({ number }) => number === OPSET.version);
  // The default domain is absent, empty or "ai.onnx".
  if (!domain || ['', 'ai.onnx'].includes(text(domain.value))) graph.opset = (version?.value as number) ?? 0;
}

function readGraphProto(bytes: Uint8Array, graph: Graph): void {
  for (const { number, value } of readFields(bytes)) {
    const field = value as Uint8Array;
    if (number === GRAPH.node) graph.nodes.push(readNode(field));
    if (number === GRAPH.initializer) {
      graph.initializers.set(nameOf(field, TENSOR.name), readDims(field));
      for (const entry of messagesOf(field, TENSOR.externalData))
        if (nameOf(entry, 1) === 'location') graph.externalFiles.add(nameOf(entry, 2)); // StringStringEntryProto
    }
    if (number === GRAPH.input) graph.inputs.push({ name: nameOf(field, VALUE_INFO.name), shape: readShape(field) });
    if (number === GRAPH.output) graph.outputs.push(nameOf(field, VALUE_INFO.name));
  }
}

function readNode(bytes: Uint8Array): GraphNode {
  const node = { name: '', opType: '', inputs: [] as string[], outputs: [] as string[] };
  const attributes: Record<string, number | string | number[]> = {};
  const captured: string[] = [];
  let domain = '';
  for (const { number, value } of readFields(bytes)) {
    if (number === NODE.input) node.inputs.push(text(value));
    if (number === NODE.output) node.outputs.push(text(value));
    if (number === NODE.name) node.name = text(value);
    if (number === NODE.opType) node.opType = text(value);
    if (number === NODE.domain) domain = text(value);
    if (number === NODE.attribute) readAttribute(value as Uint8Array, attributes, captured);
  }
  if (domain !== '' && domain !== 'ai.onnx') node.opType = `${domain}.${node.opType}`;
  return { ...node, inputs: [...node.inputs, ...captured], attributes };
}

/**
 * Reads an attribute. `captured` collects the values that a branch or a loop body reads from outside; they are inputs
 * of the node like the others.
 */
function readAttribute(
  bytes: Uint8Array,
  attributes: Record<string, number | string | number[]>,
  captured: string[],
): void {
  let name = '';
  let single: number | string | undefined;
  const list: number[] = [];
  for (const { number, value } of readFields(bytes)) {
    if (number === ATTRIBUTE.name) name = text(value);
    if (number === ATTRIBUTE.float || number === ATTRIBUTE.integer) single = value as number;
    if (number === ATTRIBUTE.text) single = text(value);
    // Integers are packed into one field, or have a field each; both are legal.
    if (number === ATTRIBUTE.integers) list.push(...(typeof value === 'number' ? [value] : unpack(value)));
    if (number === ATTRIBUTE.graph || number === ATTRIBUTE.graphs) {
      captured.push(...capturedBy(value as Uint8Array));
    }
  }
  attributes[name] = single ?? list;
}

function capturedBy(body: Uint8Array): string[] {
  const graph = emptyGraph();
  readGraphProto(body, graph);
  const own = new Set([...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)]);
  for (const { outputs } of graph.nodes) for (const output of outputs) own.add(output);
  const used = [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs];
  return used.filter((name) => !own.has(name));
}

function readDims(tensor: Uint8Array): number[] {
  const dims: number[] = [];
  for (const { number, value } of readFields(tensor))
    if (number === TENSOR.dims) dims.push(...(typeof value === 'number' ? [value] : unpack(value)));
  return dims;
}

/** ValueInfoProto → type 2 → tensor_type 1 → shape 2 → dim 1 → dim_value 1 */
function readShape(valueInfo: Uint8Array): (number | undefined)[] {
  let shape: Uint8Array | undefined = valueInfo;
  for (const step of [VALUE_INFO.type, 1, 2]) shape = shape && messagesOf(shape, step)[0];
  if (!shape) return [];
  return messagesOf(shape, 1).map((dimension) => {
    const size = [...readFields(dimension)].find(({ number }) => number === 1)?.value;
    return typeof size === 'number' && size > 0 ? size : undefined;
  });
}

function messagesOf(bytes: Uint8Array, field: number): Uint8Array[] {
  return [...readFields(bytes)].filter(({ number }) => number === field).map(({ value }) => value as Uint8Array);
}

function nameOf(bytes: Uint8Array, field: number): string {
  for (const { number, value } of readFields(bytes)) if (number === field) return text(value);
  return '';
}
