import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/about.js';
import { readInstallation } from '../../src/writeBack/readInstallation.js';
import { type Program, startProgram, temporaryFolder } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

async function within<T>(name: string, look: (program: Program) => Promise<T>): Promise<T> {
  const program = await startProgram({ DATA_DIR: join(folder.path, name) });
  try {
    return await look(program);
  } finally {
    await program.close();
  }
}
const deviceOf = (name: string) => within(name, ({ context }) => readInstallation(context));

describe('an installation', () => {
  it('is the same device after it was started again, and another than any other one', async () => {
    const first = await deviceOf('one');
    expect(await deviceOf('one')).toEqual(first);
    const other = await deviceOf('other');
    for (const key of ['uid', 'name', 'serialNumber'] as const) expect(other[key]).not.toBe(first[key]);
    expect(first.uid).toMatch(/^2\.25\.\d{1,39}$/);
    expect(first.name).toMatch(/^[\w-]{1,16}$/); // SH
    expect(first.softwareVersion).toBe(VERSION);
    expect(first.serialNumber).not.toContain(VERSION);
  });

  it('is one: its database takes no second row', async () => {
    await within('one', async ({ context: { prisma } }) => {
      await expect(prisma.installation.create({ data: { only: true } })).rejects.toThrow();
      await expect(prisma.installation.create({ data: { only: false } })).rejects.toThrow();
      expect(await prisma.installation.count()).toBe(1);
    });
  });
});
