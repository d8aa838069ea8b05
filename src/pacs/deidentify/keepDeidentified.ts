import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InstanceConflict } from '../../errors/errors.js';
import { parseInstance } from '../header/parse.js';

/**
 * Writes a de-identified object to FOLDER/study/series/object.dcm, by its new UIDs. The file appears whole or not at
 * all. The same object again changes nothing.
 * @throws InvalidDicom where study or series have no UID, InstanceConflict where another object has that place, or the
 *   file system's errors.
 */
export async function keepDeidentified(folder: string, bytes: Buffer): Promise<void> {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = parseInstance(bytes);
  const series = join(folder, studyInstanceUid, seriesInstanceUid);
  const file = join(series, `${sopInstanceUid}.dcm`);
  await mkdir(series, { recursive: true });
  const present = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (present?.equals(bytes)) return;
  if (present) {
    throw new InstanceConflict(
      'Another object with the same SOPInstanceUID is in the folder already. Export to an empty one, or leave out one of the two.',
    );
  }
  await writeFile(`${file}.part`, bytes);
  await rename(`${file}.part`, file);
}
