import { z } from 'zod';
import { address, path } from './settingKinds.js';

/** Where images, rows and files are kept. */
export type StorageSettings = {
  dataDir: string;
  /** undefined: the embedded database, in `dataDir`. */
  databaseUrl: string | undefined;
};

/** Schema of the settings of storage. `directory`: that from which relative paths are taken. */
export const storageSettings = (directory: string) =>
  z
    .object({
      DATA_DIR: path(directory).prefault('./data').meta({
        description: 'Folder of received images, the embedded database and the sample study.',
      }),
      DATABASE_URL: address(['postgresql:', 'postgres:'], 'postgresql://user:password@host:5432/name')
        .refine(
          (url) => !URL.canParse(url) || ['public', null].includes(new URL(url).searchParams.get('schema')),
          'names a schema other than public, which is the one used. Give MRIMaster a database of its own.',
        )
        .optional()
        .meta({
          description:
            'Your own PostgreSQL (13 or newer) instead of the embedded one. Migrations apply themselves. A socket is written postgresql:///mrimaster?host=/run/postgresql&user=me. All MRIMaster on one database must share one DATA_DIR.',
          example: 'postgresql://user:password@host:5432/mrimaster',
        }),
    })
    .transform((given): StorageSettings => ({ dataDir: given.DATA_DIR, databaseUrl: given.DATABASE_URL }))
    .meta({ title: 'Storage', description: 'Where images, predictions and everything else are kept.' });
