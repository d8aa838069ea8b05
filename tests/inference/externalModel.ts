import { bytesField, concatenate, integerField, readFields } from '../../src/inference/gradcam/graph/protobuf.js';

// Field numbers of onnx.proto.
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR = { rawData: 9, externalData: 13, dataLocation: 14 };
const EXTERNAL = 1;

/** An ONNX model with the largest of its weights taken out, into `weights`, a file that it calls `location`. */
export function makeExternal(model: Uint8Array, location: string): { model: Uint8Array; weights: Uint8Array } {
  let weights = new Uint8Array();
  const largest = (graph: Uint8Array) =>
    [...readFields(graph)]
      .filter(({ number }) => number === GRAPH_INITIALIZER)
      .map(({ value }) => value as Uint8Array)
      .sort((a, b) => b.length - a.length)[0];
  const entry = (key: string, value: string) => concatenate([bytesField(1, key), bytesField(2, value)]);
  const outside = (tensor: Uint8Array) =>
    rewrite(tensor, TENSOR.rawData, (raw) => {
      weights = Uint8Array.from(raw);
      return concatenate([
        bytesField(TENSOR.externalData, entry('location', location)),
        integerField(TENSOR.dataLocation, EXTERNAL),
      ]);
    });
  const changed = rewrite(model, MODEL_GRAPH, (graph) => {
    const chosen = largest(graph);
    const own = rewrite(graph, GRAPH_INITIALIZER, (tensor) =>
      bytesField(
        GRAPH_INITIALIZER,
        tensor === chosen || tensor.byteOffset === chosen?.byteOffset ? outside(tensor) : tensor,
      ),
    );
    return bytesField(MODEL_GRAPH, own);
  });
  return { model: changed, weights };
}

/** A message whose fields of this number are replaced. */
function rewrite(message: Uint8Array, field: number, replace: (value: Uint8Array) => Uint8Array): Uint8Array {
  return concatenate(
    [...readFields(message)].map(({ number, value }) => {
      if (typeof value === 'number') return integerField(number, value);
      return number === field ? replace(value) : bytesField(number, value);
    }),
  );
}
