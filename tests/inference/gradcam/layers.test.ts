import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../src/inference/gradcam/graph/graph.js';
import { convolutionalLayers } from '../../../src/inference/gradcam/layers.js';

describe('a convolutional layer is named', () => {
  it.each([
    ['after the module that owns its weight', '/layer4/layer4.1/conv2/Conv', 'layer4.1.conv2.weight', 'layer4.1.conv2'],
    ['also where its node has no name', '', 'layer4.1.conv2.weight', 'layer4.1.conv2'],
    ['after its path where the weight was renamed', '/layer4/layer4.1/conv2/Conv', 'onnx::Conv_251', 'layer4.1.conv2'],
    ['after a path of lists in lists', '/features/features.1/conv/conv.0/conv.0.0/Conv', '12', 'features.1.conv.0.0'],
    ['after a path without an owner of the node', 'model/block_1/Conv2D', 'model/kernel', 'model.block_1'],
    ['as its node, where that is no path', 'conv_dw_1', 'W', 'conv_dw_1'],
    ['after its output, where all else is missing', '', '7', 'output0'],
  ])('%s', (_, name, weight, expected) => {
    expect(namesOf([{ name, weight }])).toEqual([expected]);
  });

  it('once: a module that is called again has its count behind its name', () => {
    const weight = 'head.conv.weight';
    const names = namesOf([
      { name: '', weight },
      { name: '', weight },
    ]);
    expect(names).toEqual(['head.conv', 'head.conv#2']);
  });
});

function namesOf(convolutions: { name: string; weight: string }[]): string[] {
  const nodes = convolutions.map(({ name, weight }, index) => ({
    name,
    opType: 'Conv',
    inputs: ['input', weight],
    outputs: [`output${index}`],
    attributes: {},
  }));
  const nothing = { inputs: [], outputs: [], initializers: new Map(), externalFiles: new Set<string>() };
  const graph: Graph = { nodes, ...nothing, opset: 13 };
  return convolutionalLayers(graph).map(({ name }) => name);
}
