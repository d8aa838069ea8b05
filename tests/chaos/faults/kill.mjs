import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every round ends by kill -9 of the server, at random moments; one in four has PostgreSQL killed before. */
export const killFault = {
  name: 'kills',
  title: 'kill -9 of the server in every round, of PostgreSQL in one of four',
  killOneIn: 1,
  open: async ({ folder, random }) => ({
    env: {},
    strike: async () => {
      if (!random.once(4)) return;
      try {
        const pid = readFileSync(join(folder, 'data/postgres/postmaster.pid'), 'utf8');
        process.kill(Number.parseInt(pid, 10), 'SIGKILL');
      } catch {} // gone already
    },
    heal: async () => {},
    close: async () => {},
  }),
};
