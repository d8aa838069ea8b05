import type { Config } from '../config/config.js';
import { ModelNotFound } from '../errors/errors.js';
import type { Model as ModelRow, PrismaClient } from '../generated/prisma/client.js';
import { type Classifier, openClassifier } from '../inference/classifier.js';
import type { ModelsFolder } from './modelsFolder.js';

/** A loaded model and its row. */
export type RunningModel = { model: ModelRow; classifier: Classifier };

/** Loads models, each once. */
export class ModelLoader {
  /** What is loaded, by the row's id. */
  readonly loaded = new Map<string, RunningModel>();

  constructor(
    private readonly prisma: PrismaClient,
    private readonly folder: ModelsFolder,
    private readonly device: Config['inferenceDevice'],
    private readonly observe: (classifier: Classifier) => Classifier,
  ) {}

  /**
   * Loads a model where it is not loaded yet, and stores its convolutional layers.
   * @throws ModelNotFound where MODELS_DIR has no such model, or another file under its name; what opening it throws.
   */
  async load(row: ModelRow): Promise<RunningModel> {
    const known = this.loaded.get(row.id);
    const file = await this.folder.requireNow(row);
    if (file.manifest.sha256 !== row.sha256)
      throw new ModelNotFound(
        `${row.name} ${row.version} in MODELS_DIR is another file than the one that gives the answers. Put that one there, and start anew.`,
      );
    const classifier = known?.classifier ?? this.observe(await openClassifier(file, this.device));
    const model = known
      ? row
      : await this.prisma.model.update({ where: { id: row.id }, data: { layers: classifier.layers } });
    const running = { model, classifier };
    this.loaded.set(row.id, running);
    return running;
  }

  async close(): Promise<void> {
    for (const { classifier } of this.loaded.values()) await classifier.close();
  }
}
