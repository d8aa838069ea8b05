import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isOtherLivingProcess } from '../process/isOtherLivingProcess.js';

const folderOf = (dataDir: string) => join(dataDir, 'outgoing');

/** Makes a folder for results, which hold the patient's name, until an archive has them. The caller removes it. */
export async function makeOutgoing(dataDir: string): Promise<string> {
  await mkdir(folderOf(dataDir), { recursive: true });
  return mkdtemp(join(folderOf(dataDir), `result-${process.pid}-`));
}

/** Removes, at a start, the folders that killed processes left. Those of other running processes stay. */
export async function clearOutgoing(dataDir: string): Promise<void> {
  const outgoing = folderOf(dataDir);
  const names = await readdir(outgoing).catch(() => []);
  // Folders of earlier versions name no process; they are abandoned.
  const ownerOf = (name: string) => Number(/^result-(\d+)-/.exec(name)?.[1]);
  const abandoned = names.filter((name) => !isOtherLivingProcess(ownerOf(name)));
  await Promise.all(abandoned.map((name) => rm(join(outgoing, name), { recursive: true, force: true })));
}
