import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import { ModelInvalid, ModelNotFound } from '../errors/errors.js';
import { cardSchema } from './card.js';
import { externalFiles } from './externalFiles.js';

const fraction = z.number().min(0).max(1);
const perChannel = z.array(z.number()).min(1);

/**
 * The schema of manifest.json, which says everything about a model that its graph does not. docs/models.md describes
 * it.
 */
const manifestSchema = z
  .looseObject({
    name: z.string().regex(/^[\w.-]+$/, 'letters, digits, ".", "_" and "-" only'),
    version: z.string().regex(/^[\w.+-]+$/, 'letters, digits, ".", "_", "+" and "-" only'),
    file: z
      .string()
      .regex(/^[\w.-]+$/, 'a file name in the same folder')
      .default('model.onnx'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits')
      .optional(),
    /** SHA-256 of each file beside the graph that holds weights, by file name. */
    external: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits')).optional(),
    labels: z
      .array(z.string().min(1))
      .min(2)
      .refine((labels) => new Set(labels).size === labels.length, 'no label twice'),
    input: z.object({
      rows: z.int().min(1).max(4096),
      columns: z.int().min(1).max(4096),
      channels: z.union([z.literal(1), z.literal(3)]),
      mean: perChannel,
      std: perChannel.refine((std) => std.every((value) => value > 0), 'larger than 0'),
      intensity: z.enum(['percentile', 'byte', 'window']).default('percentile'),
    }),
    geometry: z.object({ crop: z.enum(['content']).optional(), pad: z.enum(['square']).optional() }).optional(),
    /** `lookalikes`: of what looks like `label`, this `share` is `as` (lookalikes.ts). */
    calibration: z
      .looseObject({
        method: z.literal('temperature'),
        temperature: z.number().positive(),
        lookalikes: z.array(z.looseObject({ label: z.string(), as: z.string(), share: fraction })).optional(),
      })
      .optional(),
    /** Least confidence of an answer. `normal`: that of the normal label, where it differs. */
    abstention: z.looseObject({ confidence: fraction, normal: fraction.optional() }).optional(),
    /**
     * An output of the graph that tells how unlike the training data a slice is, one value for each slice. The model
     * abstains where it exceeds `above`.
     */
    outOfDistribution: z.looseObject({ output: z.string().min(1), above: z.number().default(1) }).optional(),
    /** Whether each slice is viewed mirrored as well, and both views are averaged. That takes twice the time. */
    mirrored: z.boolean().default(false),
    /**
     * How the slices of a series are read together (readSeries.ts).
     * `output`: of the graph, maps [N, labels, rows, columns]. `reach`: standard deviation of the average over
     * neighbours, mm. `neighbourAtMost`: log odds up to which a neighbour counts that shows more than the slice itself.
     * `calibration`: of a slice's score.
     * `abstention`: least confidence of a finding (`finding`), of the normal label (`normal`), and of any finding in
     * the surest slice of a study's finding (`study`). `absent` and `clear`: see studyRule.ts.
     */
    inSeries: z
      .looseObject({
        output: z.string().min(1),
        reach: z.number().positive(),
        neighbourAtMost: z.number().optional(),
        otherSide: z.object({ above: z.number(), atMost: z.number().min(0) }),
        calibration: z.looseObject({ offset: z.number(), temperature: z.number().positive() }),
        abstention: z.looseObject({
          finding: fraction,
          normal: fraction,
          study: fraction,
          absent: fraction.optional(),
          clear: fraction.optional(),
        }),
      })
      .optional(),
    /**
     * Weightings that the model is made for. Series and slices that are known to have another one are not eligible.
     * Absent: any weighting.
     */
    weightings: z
      .array(z.enum(['T1', 'T2', 'T2*', 'FLAIR', 'PD']))
      .min(1)
      .optional(),
    /** Coded concepts of the labels in written reports, as long as DICOM's SH and LO allow. */
    codes: z
      .record(
        z.string(),
        z.object({ scheme: z.string().min(1).max(16), code: z.string().min(1), meaning: z.string().min(1).max(64) }),
      )
      .default({}),
    /** The label that means "nothing found". Without it every label is a finding. */
    normalLabel: z.string().optional(),
    card: cardSchema.default(() => cardSchema.parse({})),
    intendedUse: z.string().default('Research use only – not for diagnostic use'),
  })
  .check(({ value, issues }) => {
    const { input, labels, normalLabel } = value;
    for (const key of ['mean', 'std'] as const) {
      if (input[key].length === input.channels) continue;
      const message = `needs one value for each of the ${input.channels} channels`;
      issues.push({ code: 'custom', path: ['input', key], message, input: input[key] });
    }
    const lookalikes = value.calibration?.lookalikes ?? [];
    for (const [index, { label, as }] of lookalikes.entries()) {
      const shares = lookalikes
        .filter((lookalike) => lookalike.label === label)
        .reduce((sum, { share }) => sum + share, 0);
      const two = label !== as && [label, as].every((name) => labels.includes(name) && name !== normalLabel);
      if (two && shares < 1 + Number.EPSILON * 8) continue; // rounding may put a sum of fractions just above 1
      const message = two ? `gives away more than all of ${label}` : 'needs two of the labels, neither the normalLabel';
      issues.push({ code: 'custom', path: ['calibration', 'lookalikes', index], message, input: { label, as } });
    }
    const needNormalLabel = [
      { path: ['inSeries'], input: value.inSeries },
      { path: ['abstention', 'normal'], input: value.abstention?.normal },
    ].filter(({ input }) => input !== undefined && normalLabel === undefined);
    for (const { path, input: given } of needNormalLabel)
      issues.push({ code: 'custom', message: 'needs a normalLabel', path, input: given });
    if (normalLabel !== undefined && !labels.includes(normalLabel))
      issues.push({ code: 'custom', path: ['normalLabel'], message: 'must be one of the labels', input: normalLabel });
  });

/**
 * A manifest with its hashes. `sha256`: of the graph and of weights in other files, if any. `graphSha256`: of the graph
 * alone.
 */
export type Manifest = z.infer<typeof manifestSchema> & { sha256: string; graphSha256?: string };

/**
 * A model on disk. Its manifest is checked, and the hashes of its graph and weights are verified. `file`: path of the
 * graph.
 */
export type ModelFile = { manifest: Manifest; file: string };

/**
 * Reads all models in `folder`/<name>/<version>/.
 * @throws ModelInvalid with every fault of every manifest.
 */
export async function readModels(folder: string): Promise<ModelFile[]> {
  const models: ModelFile[] = [];
  const faults: string[] = [];
  for (const name of await subfolders(folder)) {
    for (const version of await subfolders(join(folder, name))) {
      const directory = join(folder, name, version);
      const outcome = await readModel(directory, name, version);
      if ('file' in outcome) models.push(outcome);
      else faults.push(...outcome.faults.map((fault) => `  - ${join(directory, 'manifest.json')}: ${fault}`));
    }
  }
  if (faults.length > 0) throw new ModelInvalid(`These models cannot be served:\n${faults.join('\n')}`);
  return models;
}

/**
 * Chooses the model that `wanted` ("name" or "name@version") names; without a version, the newest. Without `wanted`:
 * our own brain-mri, or the only model.
 * @throws ModelNotFound with the names of all models.
 */
export function chooseModel(models: readonly ModelFile[], wanted?: string): ModelFile {
  const [name, version] = (wanted ?? 'brain-mri').split('@');
  const found = models
    .filter(({ manifest }) => manifest.name === name && (!version || manifest.version === version))
    .sort((a, b) => a.manifest.version.localeCompare(b.manifest.version, 'en', { numeric: true }))
    .at(-1);
  const chosen = found ?? (!wanted && models.length === 1 ? models[0] : undefined);
  if (chosen) return chosen;
  const names = models.map(({ manifest }) => `${manifest.name}@${manifest.version}`);
  const cure = names.length > 0 ? 'Set MODEL, or --model, to one of these, or put' : 'Put';
  throw new ModelNotFound(
    `There is no model "${wanted ?? name}". In MODELS_DIR: ${names.join(', ') || 'none'}. ${cure} its folder there.`,
  );
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new ModelInvalid(`MODELS_DIR ${folder} cannot be read (${error.code}). Point MODELS_DIR at the models.`);
  });
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name);
}

async function readModel(directory: string, name: string, version: string): Promise<ModelFile | { faults: string[] }> {
  const path = join(directory, 'manifest.json');
  let given: unknown;
  try {
    given = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : `no JSON (${error})`;
    return { faults: [`${reason}; write one as docs/models.md shows`] };
  }
  const { data, error } = manifestSchema.safeParse(given);
  if (error) return { faults: error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`) };
  const faults: string[] = [];
  if (data.name !== name) faults.push(`name: is "${data.name}", but its folder is "${name}"; make them equal`);
  if (data.version !== version)
    faults.push(`version: is "${data.version}", but its folder is "${version}"; make them equal`);
  const file = join(directory, data.file);
  const graph = await readFile(file).catch(() => undefined);
  if (!graph) return { faults: [...faults, `file: ${data.file} cannot be read; put it beside the manifest`] };
  const graphSha256 = createHash('sha256').update(graph).digest('hex');
  if (data.sha256 && data.sha256 !== graphSha256)
    faults.push(
      `sha256: ${data.file} is not the file that was hashed; restore it, or remove sha256 if it was changed on purpose`,
    );
  const external = await hashWeights(directory, externalFiles(graph), data, faults);
  if (faults.length > 0) return { faults };
  const weights = Object.keys(external).length > 0 ? { external } : {};
  if (!data.sha256) await writeHash(path, given as object, { sha256: graphSha256, ...weights });
  const text = await readFile(join(directory, 'CARD.md'), 'utf8').catch(() => null);
  const hashes = { graphSha256, sha256: hashOfAll(graphSha256, external), ...weights };
  return { manifest: { ...data, ...hashes, card: { ...data.card, text: data.card.text ?? text } }, file };
}

/** Hashes each file with weights of the graph, and checks the hashes in the manifest. Faults are added to `faults`. */
async function hashWeights(
  directory: string,
  files: readonly string[],
  { external: listed = {}, sha256 }: { external?: Record<string, string> | undefined; sha256?: string | undefined },
  faults: string[],
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const file of files) {
    if (isAbsolute(file) || normalize(file).startsWith('..')) {
      faults.push(`file: its weights "${file}" lie outside of this folder; put them beside the manifest`);
      continue;
    }
    const hash = await hashFile(join(directory, file)).catch(() => undefined);
    if (hash === undefined) faults.push(`file: its weights ${file} cannot be read; put them beside the manifest`);
    else if (listed[file] === undefined && sha256)
      faults.push(
        `external: ${file} holds weights of the graph and is not listed; write "external": {"${file}": "${hash}"} if it is the right file`,
      );
    else if (listed[file] !== undefined && listed[file] !== hash)
      faults.push(
        `external: ${file} is not the file that was hashed; restore it, or remove sha256 and external if it was changed on purpose`,
      );
    else hashes[file] = hash;
  }
  return hashes;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer); // in chunks: weights may be gigabytes
  return hash.digest('hex');
}

/** One hash for a graph and its weights, because predictions depend on both. */
function hashOfAll(graph: string, external: Readonly<Record<string, string>>): string {
  const files = Object.entries(external).sort(([a], [b]) => (a < b ? -1 : 1));
  if (files.length === 0) return graph;
  return createHash('sha256')
    .update(JSON.stringify([graph, ...files]))
    .digest('hex');
}

/**
 * Adds hashes to a manifest without them, so that a later change of the files under the same version is noticed. In a
 * read-only folder it stays without.
 */
async function writeHash(path: string, manifest: object, hashes: object): Promise<void> {
  const fresh = `${path}.${process.pid}.part`;
  await writeFile(fresh, `${JSON.stringify({ ...manifest, ...hashes }, null, 2)}\n`)
    .then(() => rename(fresh, path))
    .catch(() => {});
}
