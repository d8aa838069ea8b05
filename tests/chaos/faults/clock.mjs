import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../database.mjs';

const LIBRARIES = ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/faketime/libfaketimeMT.so.1`);
const library = LIBRARIES.find(existsSync);
const FURTHEST_SECONDS = 7200;

/** The clock of server and database jumps by up to two hours, ahead or back, and returns. */
export const clockFault = {
  name: 'clock',
  title: 'the clock is up to two hours ahead or behind',
  lacks: () => (library ? null : 'libfaketime is not installed'),
  open: async ({ folder, random }) => {
    const file = join(folder, 'clock');
    const set = (seconds) => writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    set(0);
    const faked = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1', // no clock of a real machine that is set moves this one
      DONT_FAKE_MONOTONIC: '1', // the same, as older ones call it
    };
    const database = await openDatabase(folder, faked);
    return {
      env: { DATABASE_URL: database.url, ...faked },
      strike: async () => set(random.below(2 * FURTHEST_SECONDS) - FURTHEST_SECONDS),
      heal: async () => set(0),
      close: () => database.stop('SIGQUIT'),
    };
  },
};
