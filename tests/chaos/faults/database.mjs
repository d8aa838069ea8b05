import { openDatabase } from '../database.mjs';

/** A database of the hospital's own is ended, politely or at once, and started again. */
export const databaseFault = {
  name: 'database',
  title: 'the database of DATABASE_URL is away',
  open: async ({ folder, random }) => {
    const database = await openDatabase(folder);
    return {
      env: { DATABASE_URL: database.url },
      strike: () => database.stop(random.of(['SIGINT', 'SIGQUIT'])),
      heal: () => database.start(),
      close: () => database.stop('SIGQUIT'),
    };
  },
};
