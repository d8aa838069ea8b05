import type { DoctorOptions } from '../../src/doctor/doctor.js';
import type { Orthanc } from '../pacs/orthanc.js';
import type { Authority } from '../setup/authority.js';
import type { Queryable } from './queryable.js';

/** The real parts that misconfigurations are made with. `secret`: the password that no message may show. */
export type Stage = {
  folder: string;
  secret: string;
  /** Its `us` is MRIMASTER at a port where nothing listens; it knows no other caller. */
  orthanc: Orthanc;
  /** Asks for user "me" and `secret`. */
  guarded: Orthanc;
  /** `paths`: what each holds. A dcmqrscp without destinations, one whose destination has a wrong port, and one that offers no C-GET. */
  queryable: {
    paths: readonly string[];
    noDestination: Queryable;
    wrongPort: Queryable;
    rightPort: Queryable;
    noGet: Queryable;
  };
  authority: Authority;
  /** A DATABASE_URL of this database, by user "mrimaster" or another one. */
  databaseUrl(database: string, user?: string, password?: string): string;
};

export type Arranged = { env: NodeJS.ProcessEnv; options?: Partial<DoctorOptions>; close?(): Promise<unknown> };

/** What somebody got wrong, the code that names it, and what the cure must speak of. */
export type Misconfiguration = {
  name: string;
  arrange(stage: Stage): Arranged | Promise<Arranged>;
  code: string;
  cure: string;
  /** Codes of what is wrong besides, by necessity. */
  also?: string[];
};
