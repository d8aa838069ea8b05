import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { ExplanationUnavailable } from '../../errors.js';
import { appendExplanations, type ExplainedLayer, type Explainer } from './explainer.js';
import type { ExternalData } from './facts.js';
import { readGraph } from './graph.js';
import type { Method } from './maps.js';

/** Each holds the model's weights again; so few are kept, those that were used last. */
const KEPT = 3;

export type ExplainingSession = { session: InferenceSession; layers: ExplainedLayer[] };

/** The enlarged models of one classifier at work: built when first asked for, so that predicting never pays for them. */
export class ExplainingSessions {
  private readonly opened = new Map<string, Promise<ExplainingSession>>();
  private explainable: Promise<string[]> | undefined;

  /** @param sizes of the input, [channels, rows, columns]. */
  constructor(
    private readonly file: string,
    private readonly sizes: readonly number[],
    private readonly options: InferenceSession.SessionOptions,
  ) {}

  /** The layers that a map can be had of, first to last. */
  explainableLayers(): Promise<string[]> {
    this.explainable ??= this.enlarge(['GRAD_CAM']).then(({ explainer }) => explainer.layers.map(({ name }) => name));
    return this.explainable;
  }

  /**
   * Maps `layers` by `method`.
   * @throws ExplanationUnavailable naming the operator between a layer and the logits that no gradient passes.
   */
  async get(method: Method, layers: readonly string[]): Promise<ExplainingSession> {
    const key = JSON.stringify([method, layers]);
    const known = this.opened.get(key);
    this.opened.delete(key);
    const session = known ?? this.open(method, layers);
    this.opened.set(key, session); // the last one of the map is the one used last
    session.catch(() => this.opened.delete(key));
    const [oldest] = this.opened.keys();
    if (this.opened.size > KEPT && oldest !== undefined) await this.release(oldest);
    return session;
  }

  async close(): Promise<void> {
    for (const key of [...this.opened.keys()]) await this.release(key);
  }

  private async release(key: string): Promise<void> {
    const { session } = (await this.opened.get(key)?.catch(() => undefined)) ?? {};
    this.opened.delete(key);
    await session?.release();
  }

  private async open(method: Method, layers: readonly string[]): Promise<ExplainingSession> {
    const { explainer, externalData } = await this.enlarge([method], layers);
    refuseUnexplainable(explainer);
    const files = externalData.length > 0 && { externalData };
    const session = await InferenceSession.create(explainer.model, { ...this.options, ...files });
    return { session, layers: explainer.layers };
  }

  private async enlarge(methods: readonly Method[], layers?: readonly string[]) {
    const model = await readFile(this.file);
    const externalData: ExternalData = [];
    for (const path of readGraph(model).externalFiles) {
      // ONNX allows no other place, either: external_data's location is relative to the model's folder.
      if (normalize(path).startsWith('..'))
        throw new ExplanationUnavailable(`The model's weights "${path}" lie outside its folder.`);
      externalData.push({ path, data: await readFile(join(dirname(this.file), path)) });
    }
    const explainer = await appendExplanations(model, { methods, layers, sizes: this.sizes, externalData });
    return { explainer, externalData };
  }
}

function refuseUnexplainable({ unexplainable, unsupported }: Explainer): void {
  if (unexplainable.length === 0) return;
  const names = unexplainable.join(', ');
  if (unsupported.length === 0)
    throw new ExplanationUnavailable(`No map of ${names}: the logits of the model do not depend on it.`);
  const obstacles = unsupported.map(({ operator, node, reason }) => `${operator} "${node}" (${reason})`);
  throw new ExplanationUnavailable(
    `No map of ${names}: between there and the logits the gradient cannot pass ${obstacles.join(', ')}. Layers nearer to the logits can be explained.`,
  );
}
