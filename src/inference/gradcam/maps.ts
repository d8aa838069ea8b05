import type { GraphWriter } from './graph/writer.js';

/**
 * Appends the nodes that make a map [N, rows, columns] of activations A and their gradients G, both [N, channels, rows,
 * columns].
 */
type Map = (layer: { writer: GraphWriter; a: string; g: string; shape: readonly number[] }) => string;

/** The methods of explanation. Negative values of a map become 0; otherwise it is as computed. */
export const maps = {
  /** Selvaraju et al., ICCV 2017: each channel is weighted by the mean of its gradient. */
  GRAD_CAM: ({ writer, a, g, shape }) => weightChannels(writer, writer.node('GlobalAveragePool', [g]), a, shape),

  /** Draelos and Carin, 2020: gradient times activation, cell by cell. */
  HIRES_CAM: ({ writer, a, g, shape }) => sumChannels(writer, writer.node('Mul', [g, a]), shape),

  /** Jiang et al., IEEE TIP 2021: positive gradients times activations. */
  LAYER_CAM: ({ writer, a, g, shape }) => sumChannels(writer, writer.node('Mul', [writer.node('Relu', [g]), a]), shape),

  /**
   * Chattopadhyay et al., WACV 2018: each channel is weighted by Σ α · relu(G) with α = G² / (2 G² + G³ ΣA), which is 1
   * / (2 + G ΣA). The paper's A are behind a ReLU, so here ΣA sums the positive part, and α stays finite.
   */
  GRAD_CAM_PLUS_PLUS: ({ writer, a, g, shape }) => {
    const [, , rows, columns] = shape as [number, number, number, number];
    const mean = writer.node('GlobalAveragePool', [writer.node('Relu', [a])]);
    const positive = writer.node('Relu', [g]);
    const sums = writer.node('Mul', [mean, rows * columns]);
    const share = writer.node('Div', [positive, writer.node('Add', [writer.node('Mul', [positive, sums]), 2])]);
    const weights = writer.node('Mul', [writer.node('GlobalAveragePool', [share]), rows * columns]);
    return weightChannels(writer, weights, a, shape);
  },
} satisfies Record<string, Map>;

/** A method of explanation. */
export type Method = keyof typeof maps;
/** All methods of explanation. */
export const methods = Object.keys(maps) as Method[];

/** Σ over channels of weight · A; the weights are [N, channels, 1, 1]. */
function weightChannels(writer: GraphWriter, weights: string, a: string, shape: readonly number[]): string {
  const [batch, channels] = shape as [number, number];
  return mixChannels(writer, writer.reshape(weights, [batch, 1, channels]), a, shape);
}

function sumChannels(writer: GraphWriter, products: string, shape: readonly number[]): string {
  const channels = shape[1] as number;
  return mixChannels(writer, writer.floats(Array(channels).fill(1), [1, channels]), products, shape);
}

/** A row of weights times the images, cut off below 0. A product of matrices is faster than ReduceSum. */
function mixChannels(writer: GraphWriter, row: string, images: string, shape: readonly number[]): string {
  const [batch, channels, rows, columns] = shape as [number, number, number, number];
  const product = writer.node('MatMul', [row, writer.reshape(images, [batch, channels, rows * columns])]);
  return writer.reshape(writer.node('Relu', [product]), [batch, rows, columns]);
}
