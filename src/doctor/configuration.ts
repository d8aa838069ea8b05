import { type Config, readConfig } from '../config/config.js';
import { ConfigInvalid } from '../errors/configInvalid.js';
import { type CheckResult, failed, ok } from './checkResult.js';

/**
 * The configuration as far as it can be used. `config` leaves out the settings that are wrong, so that the rest can be
 * examined; it is undefined where that does not help. `wrong`: the names of those settings.
 */
export type ExaminedConfiguration = {
  config: Config | undefined;
  wrong: ReadonlySet<string>;
  results: CheckResult[];
};

const CHECK = 'configuration';
/** An archive is not examined without its certificates: it would fail for that reason alone. */
const ARCHIVE_CERTIFICATES = ['PACS_CA', 'PACS_CERTIFICATE', 'PACS_KEY'];

/** Reads the settings as the server does. Each problem is a result. */
export function examineConfiguration(env: NodeJS.ProcessEnv, directory: string): ExaminedConfiguration {
  const wrong = new Set<string>();
  const problems = new Set<string>();
  for (let given = env; ; ) {
    const config = attempt(given, directory);
    if (!(config instanceof ConfigInvalid)) {
      const results = problems.size > 0 ? [...problems].map(asResult) : [{ check: CHECK, ...ok(describe(config)) }];
      return { config, wrong, results };
    }
    for (const problem of config.problems) problems.add(problem);
    const named = config.problems.flatMap(settingsIn);
    if (named.some((name) => ARCHIVE_CERTIFICATES.includes(name))) named.push('PACS_URL');
    const dropped = named.filter((name) => given[name] !== undefined);
    if (dropped.length === 0) return { config: undefined, wrong, results: [...problems].map(asResult) };
    for (const name of dropped) wrong.add(name);
    given = Object.fromEntries(Object.entries(given).filter(([name]) => !dropped.includes(name)));
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

/** Names of settings in the words of a problem: "DICOM_TLS_CA", "PORT". */
function settingsIn(problem: string): string[] {
  return problem.match(/\b(?:PORT|HOST|MODEL|[A-Z0-9]+(?:_[A-Z0-9]+)+)\b/g) ?? [];
}

function asResult(problem: string): CheckResult {
  const names = [...new Set(settingsIn(problem))].join(' or ');
  const cure = `Correct ${names || 'it'} in .env or the environment; docs/settings.md has every setting.`;
  return { check: CHECK, ...failed('CONFIG_INVALID', problem, cure) };
}

function describe({ archives, databaseUrl, dataDir }: Config): string {
  const names = archives.map(({ name, kind }) => `${name} by ${kind === 'DIMSE' ? 'DIMSE' : 'DICOMweb'}`).join(', ');
  const database = databaseUrl ? 'the database of DATABASE_URL' : 'the embedded database';
  return `DATA_DIR ${dataDir}; ${database}; archives: ${names || 'none'}.`;
}
