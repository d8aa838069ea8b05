import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { INTENDED_USE } from '../about.js';
import { readConfig } from '../config/config.js';
import { DeidentificationKeyInvalid, FileNotReadable, InvalidDicom, MrimasterError } from '../errors/errors.js';
import { counted } from '../output/counted.js';
import { terminal } from '../output/terminal.js';
import { deidentifyInstance } from '../pacs/deidentify/deidentifyInstance.js';
import { keepDeidentified } from '../pacs/deidentify/keepDeidentified.js';
import { openKey } from '../pacs/deidentify/openKey.js';
import { findFiles } from '../pacs/findFiles.js';

/** `mrimaster deidentify PATH --out FOLDER`: exits with 1 where an object was refused. */
export async function deidentify(path: string, options: { out: string; key?: string }): Promise<void> {
  const out = resolve(options.out);
  const keyFile = resolve(options.key ?? join(readConfig().dataDir, 'deidentification.key'));
  if (keyFile.startsWith(out + sep)) {
    throw new DeidentificationKeyInvalid(
      'The key must not lie in the folder that is given away. Choose another place.',
    );
  }
  const key = await openKey(keyFile);
  const tally = { found: 0, skipped: 0 };
  let [written, refused] = [0, 0];
  for await (const file of findFiles(path, tally)) {
    if (resolve(file).startsWith(out + sep)) continue; // our own copies
    try {
      await keepDeidentified(out, deidentifyInstance(await read(file), key));
      written++;
    } catch (error) {
      if (!(error instanceof MrimasterError)) throw error;
      refused++;
      terminal.log(`${file}: refused – ${error.message}`);
    }
  }
  if (written + refused === 0) throw new InvalidDicom(`No DICOM file was found in ${path}.`);
  if (refused > 0) process.exitCode = 1;
  terminal.log(
    `\n${written} of ${counted(written + refused, 'object')} written to ${out}, ${counted(tally.skipped, 'other file')} passed over.`,
  );
  terminal.log(`The key is in ${keyFile}: keep it, and keep it secret.`);
  terminal.log(`${INTENDED_USE}.`);
}

/** @throws FileNotReadable instead of the system's error, so that one file does not end the export. */
async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FileNotReadable(`The file cannot be read (${code}). Check its rights.`, { cause: error });
  }
}
