import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isOtherLivingProcess } from '../process/isOtherLivingProcess.js';

const folderOf = (dataDir: string) => join(dataDir, 'outgoing');

/** A folder for results, which hold the patient's name, while they are on their way to an archive. Whoever asks removes it. */
export async function makeOutgoing(dataDir: string): Promise<string> {
  await mkdir(folderOf(dataDir), { recursive: true });
  return mkdtemp(join(folderOf(dataDir), `result-${process.pid}-`));
}

/** Removes what killed processes left; for start-up. Folders of other living processes stay. */
export async function clearOutgoing(dataDir: string): Promise<void> {
  const outgoing = folderOf(dataDir);
  const names = await readdir(outgoing).catch(() => []);
  // Earlier versions named no process.
  const ownerOf = (name: string) => Number(/^result-(\d+)-/.exec(name)?.[1]);
  const abandoned = names.filter((name) => !isOtherLivingProcess(ownerOf(name)));
  await Promise.all(abandoned.map((name) => rm(join(outgoing, name), { recursive: true, force: true })));
}
