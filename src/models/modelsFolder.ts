import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelNotFound } from '../errors/errors.js';
import { type ModelFile, readModels } from '../inference/manifest.js';

type NameAndVersion = { name: string; version: string };

/** The models that lie in MODELS_DIR. */
export class ModelsFolder {
  private constructor(
    private readonly path: string,
    public models: ModelFile[],
  ) {}

  /** @throws ModelInvalid, ModelNotFound */
  static async open(path: string): Promise<ModelsFolder> {
    return new ModelsFolder(path, await readModels(path));
  }

  find({ name, version }: NameAndVersion): ModelFile | undefined {
    return this.models.find(({ manifest }) => manifest.name === name && manifest.version === version);
  }

  /** @throws ModelNotFound */
  require(model: NameAndVersion): ModelFile {
    const file = this.find(model);
    if (file) return file;
    throw new ModelNotFound(`${model.name} ${model.version} is not in MODELS_DIR of this process. Put it there.`);
  }

  /** The same, also where the model was put there after the folder was read. @throws ModelNotFound, ModelInvalid */
  async requireNow(model: NameAndVersion): Promise<ModelFile> {
    if (!this.find(model) && (await this.hasCome(model))) this.models = await readModels(this.path);
    return this.require(model);
  }

  private hasCome({ name, version }: NameAndVersion): Promise<boolean> {
    return stat(join(this.path, name, version, 'manifest.json')).then(
      () => true,
      () => false,
    );
  }
}
