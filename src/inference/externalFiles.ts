import { readFields } from './gradcam/graph/protobuf.js';

type OnnxMessage = keyof typeof PARTS;

/** The fields of ONNX messages that lead to tensors, by message and field number of onnx.proto. */
const PARTS = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'entry' },
  entry: {},
} as const;

/**
 * The files that hold weights of an ONNX model, by paths relative to its folder, wherever in the model a tensor refers
 * to them. Empty for bytes that are not an ONNX model.
 */
export function externalFiles(model: Uint8Array): string[] {
  const files = new Set<string>();
  try {
    visit('model', model, files);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // loading the model reports what is wrong
  }
  return [...files].sort();
}

function visit(message: OnnxMessage, bytes: Uint8Array, files: Set<string>): void {
  if (message === 'entry') noteLocation(bytes, files);
  const parts: Readonly<Record<number, OnnxMessage>> = PARTS[message];
  for (const { number, value } of readFields(bytes)) {
    const part = parts[number];
    if (part && typeof value !== 'number') visit(part, value, files);
  }
}

/** Notes the path in a StringStringEntryProto (key 1, value 2) whose key is "location". */
function noteLocation(bytes: Uint8Array, files: Set<string>): void {
  const texts = new Map(
    [...readFields(bytes)].map(({ number, value }) => [number, new TextDecoder().decode(value as Uint8Array)]),
  );
  if (texts.get(1) === 'location') files.add(texts.get(2) ?? '');
}
