import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const BYTES = 2 ** 31;

/** The disk of DATA_DIR, the embedded database's too, is full to the last byte, and is not any more. */
export const diskFault = {
  name: 'disk',
  title: 'the disk is full to the last byte',
  /** @returns why it cannot be had here, or null. */
  lacks: (folder) => {
    const place = join(folder, 'probe');
    mkdirSync(place);
    const mounted = mount(place);
    if (mounted.status === 0) spawnSync('umount', [place]);
    return mounted.status === 0 ? null : `no file system can be mounted: ${mounted.error ?? mounted.stderr}`;
  },
  open: async ({ folder }) => {
    const data = join(folder, 'data');
    mkdirSync(data);
    mount(data);
    const filler = join(data, 'filler');
    return {
      env: {},
      strike: async () => {
        const { bavail, bsize } = statfsSync(data);
        spawnSync('fallocate', ['-l', String(bavail * bsize), filler]);
        spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'oflag=append', 'conv=notrunc', 'bs=4096'], { timeout: 1000 });
      },
      heal: async () => rmSync(filler, { force: true }),
      close: async () => {
        spawnSync('umount', ['--lazy', data]);
      },
    };
  },
};

function mount(place) {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${BYTES}`, 'tmpfs', place], { encoding: 'utf8' });
}
