import { type Config, readConfig } from '../config/config.js';
import { ConfigInvalid } from '../errors/configInvalid.js';
import { type CheckResult, failed, ok } from './checkResult.js';

/**
 * `config`: as it is without the settings that are wrong, so that the rest can be examined; undefined where that does not
 * help. `doubtful`: those settings.
 */
export type Configured = { config: Config | undefined; doubtful: ReadonlySet<string>; findings: CheckResult[] };

const CHECK = 'configuration';
/** Without these an archive is another one, which is not worth asking. */
const ARCHIVE_CERTIFICATES = ['PACS_CA', 'PACS_CERTIFICATE', 'PACS_KEY'];

/** Reads the settings as the server does; a finding for each problem. */
export function examineConfiguration(env: NodeJS.ProcessEnv, directory: string): Configured {
  const doubtful = new Set<string>();
  const problems = new Set<string>();
  for (let given = env; ; ) {
    const config = attempt(given, directory);
    if (!(config instanceof ConfigInvalid)) {
      const findings = problems.size > 0 ? [...problems].map(asFinding) : [{ check: CHECK, ...ok(describe(config)) }];
      return { config, doubtful, findings };
    }
    for (const problem of config.problems) problems.add(problem);
    const named = config.problems.flatMap(settingsIn);
    if (named.some((name) => ARCHIVE_CERTIFICATES.includes(name))) named.push('PACS_URL');
    const wrong = named.filter((name) => given[name] !== undefined);
    if (wrong.length === 0) return { config: undefined, doubtful, findings: [...problems].map(asFinding) };
    for (const name of wrong) doubtful.add(name);
    given = Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.includes(name)));
  }
}

function attempt(env: NodeJS.ProcessEnv, directory: string): Config | ConfigInvalid {
  try {
    return readConfig(env, directory);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error;
    throw error;
  }
}

/** Names of variables as problems spell them, "DICOM_TLS_CA" and "PORT", at their beginnings or in lists. */
function settingsIn(problem: string): string[] {
  return problem.match(/\b(?:PORT|HOST|MODEL|[A-Z0-9]+(?:_[A-Z0-9]+)+)\b/g) ?? [];
}

function asFinding(problem: string): CheckResult {
  const names = [...new Set(settingsIn(problem))].join(' or ');
  const cure = `Correct ${names || 'it'} in .env or the environment; .env.example has every setting.`;
  return { check: CHECK, ...failed('CONFIG_INVALID', problem, cure) };
}

function describe({ archives, databaseUrl, dataDir }: Config): string {
  const names = archives.map(({ name, kind }) => `${name} by ${kind === 'DIMSE' ? 'DIMSE' : 'DICOMweb'}`).join(', ');
  const database = databaseUrl ? 'the database of DATABASE_URL' : 'the embedded database';
  return `DATA_DIR ${dataDir}; ${database}; archives: ${names || 'none'}.`;
}
