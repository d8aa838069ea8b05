import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { ExplanationUnavailable, ModelInvalid } from '../../errors/errors.js';
import { appendExplanations, type ExplainedLayer, type Explainer } from './explainer.js';
import type { ExternalData } from './graph/facts.js';
import { readGraph } from './graph/graph.js';
import type { Method } from './maps.js';

/** Number of sessions that are kept, those used last. Each holds the model's weights again. */
const KEPT = 3;

/**
 * What can be explained. `layers`: those with a map, first to last. `last`: the one nearest to the logits whose map has
 * more than one cell; undefined where no layer has a map. `missing`: which layers have no map, and why; null where all
 * have one.
 */
export type Explainable = { layers: string[]; last: string | undefined; missing: string | null };
/** A session of an enlarged model, and the layers that it maps. */
export type ExplainingSession = { session: InferenceSession; layers: ExplainedLayer[] };

/**
 * The sessions of one classifier's enlarged models. Each is built when it is first asked for, so that predictions never
 * pay for it.
 */
export class ExplainingSessions {
  private readonly opened = new Map<string, Promise<ExplainingSession>>();
  private known: Promise<Explainable> | undefined;

  /**
   * @param sizes of the input, [channels, rows, columns].
   * @param sha256 of the file that predictions are made with.
   * @param external SHA-256 of the files with its weights, by path.
   */
  constructor(
    private readonly file: string,
    private readonly sha256: string,
    private readonly sizes: readonly number[],
    private readonly options: InferenceSession.SessionOptions,
    private readonly external?: Readonly<Record<string, string>>,
  ) {}

  /** Which layers can be explained. @throws ExplanationUnavailable, ModelInvalid. */
  explainable(): Promise<Explainable> {
    this.known ??= this.findExplainable();
    this.known.catch(() => {
      this.known = undefined; // the next call tries again
    });
    return this.known;
  }

  private async findExplainable(): Promise<Explainable> {
    const { explainer } = await this.enlarge(['GRAD_CAM']);
    const layers = explainer.layers.map(({ name }) => name);
    const last = explainer.layers.findLast(({ rows, columns }) => rows * columns > 1)?.name ?? layers.at(-1);
    return { layers, last, missing: whyUnexplainable(explainer) };
  }

  /**
   * The session that maps `layers` by `method`.
   * @throws ExplanationUnavailable with the operator between a layer and the logits that no gradient passes.
   */
  async get(method: Method, layers: readonly string[]): Promise<ExplainingSession> {
    const key = JSON.stringify([method, layers]);
    const known = this.opened.get(key);
    this.opened.delete(key);
    const session = known ?? this.open(method, layers);
    this.opened.set(key, session); // the map keeps the session used last at its end
    session.catch(() => this.opened.delete(key));
    const [oldest] = this.opened.keys();
    if (this.opened.size > KEPT && oldest !== undefined) await this.release(oldest);
    return session;
  }

  /** Releases all sessions. */
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
    const missing = whyUnexplainable(explainer);
    if (missing) throw new ExplanationUnavailable(missing);
    const files = externalData.length > 0 && { externalData };
    const session = await InferenceSession.create(explainer.model, { ...this.options, ...files });
    return { session, layers: explainer.layers };
  }

  private async enlarge(methods: readonly Method[], layers?: readonly string[]) {
    const model = await readFile(this.file);
    this.requireSame(this.file, model, this.sha256);
    const externalData: ExternalData = [];
    for (const path of readGraph(model).externalFiles) {
      // ONNX allows no other place: the location in external_data is relative to the model's folder.
      if (normalize(path).startsWith('..'))
        throw new ExplanationUnavailable(`The model's weights "${path}" lie outside its folder.`);
      const data = await readFile(join(dirname(this.file), path));
      if (this.external) this.requireSame(path, data, this.external[path]);
      externalData.push({ path, data });
    }
    const explainer = await appendExplanations(model, { methods, layers, sizes: this.sizes, externalData });
    return { explainer, externalData };
  }

  private requireSame(file: string, bytes: Uint8Array, sha256: string | undefined): void {
    if (createHash('sha256').update(bytes).digest('hex') === sha256) return;
    throw new ModelInvalid(
      `${file} is another file than when it was loaded; its maps would not be those of its predictions. Start MRIMaster anew.`,
    );
  }
}

function whyUnexplainable({ unexplainable, unsupported }: Explainer): string | null {
  if (unexplainable.length === 0) return null;
  const names = unexplainable.join(', ');
  if (unsupported.length === 0) return `No map of ${names}: the logits of the model do not depend on it.`;
  const obstacles = unsupported.map(({ operator, node, reason }) => `${operator} "${node}" (${reason})`);
  return `No map of ${names}: on the way back from the logits stands ${obstacles.join(', ')}. Layers nearer to the logits can be explained.`;
}
