import { z } from 'zod';
import { ConfigInvalid } from '../errors/configInvalid.js';
import type { IdentitySettings } from '../identity/authenticate.js';
import type { ArchiveSettings } from '../pacs/archive.js';
import { type ApiSettings, apiSettings } from './apiSettings.js';
import { archiveSettings } from './archiveSettings.js';
import { type DicomSettings, dicomSettings } from './dicomSettings.js';
import { faultsBeyondThisMachine, type HttpSettings, httpSettings } from './httpSettings.js';
import { identitySettings } from './identitySettings.js';
import { faultsOfTargets } from './intakeRules.js';
import { type ModelSettings, modelSettings } from './modelSettings.js';
import { describeIssue, type Environment } from './settingKinds.js';
import { type StorageSettings, storageSettings } from './storageSettings.js';
import { type StudySettings, studySettings } from './studySettings.js';
import { type TelemetrySettings, telemetrySettings } from './telemetrySettings.js';
import { type WebhookSettings, webhookSettings } from './webhookSettings.js';

/** Everything that is configured. */
export type Config = HttpSettings &
  ApiSettings &
  StorageSettings &
  ModelSettings &
  StudySettings &
  TelemetrySettings & {
    /** How callers of the API prove who they are. */
    identity: IdentitySettings;
    /** That of PACS_URL, then those of PACS_FILE. The first is asked first. */
    archives: readonly ArchiveSettings[];
    /** Our own DICOM port. */
    dicom: DicomSettings;
    /** Who is told of studies, and how. */
    webhooks: WebhookSettings;
  };

/**
 * The settings by theme, in the order in which .env.example and docs/settings.md print them.
 * @param directory that from which relative paths are taken.
 */
export const settingsByTheme = (environment: Environment, directory: string) => ({
  http: httpSettings(directory),
  identity: identitySettings(directory),
  api: apiSettings(directory),
  storage: storageSettings(directory),
  models: modelSettings(directory),
  archives: archiveSettings(directory, environment),
  dicom: dicomSettings(directory),
  studies: studySettings(directory),
  webhooks: webhookSettings(),
  telemetry: telemetrySettings(),
});

/**
 * Reads all settings, and the files that they name.
 * @param directory that from which relative paths are taken.
 * @throws ConfigInvalid with every problem and its cure.
 */
export function readConfig(env: Environment = process.env, directory = process.cwd()): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')); // `PORT=` means unset
  const themes = settingsByTheme(given, directory);
  const settings = z.object(themes).superRefine(
    ({ archives, studies }, context) => {
      for (const fault of faultsBeyondThisMachine(given)) context.addIssue(fault);
      if (context.issues.some(({ path: [theme] = [] }) => theme === 'archives' || theme === 'studies')) return;
      const names = archives.map(({ name }) => name);
      for (const fault of faultsOfTargets(studies.rules, names)) context.addIssue(fault);
    },
    { when: () => true }, // also where single settings are wrong: every problem is to be reported
  );
  const { data, error } = settings.safeParse(Object.fromEntries(Object.keys(themes).map((theme) => [theme, given])));
  if (error) {
    const problems = error.issues.map(({ message, path: [, ...name] }) => describeIssue(name, message));
    const listed = problems.map((problem) => `  - ${problem}`).join('\n');
    throw new ConfigInvalid(
      `MRIMaster cannot start with this configuration:\n${listed}\nAll settings: .env.example`,
      problems,
    );
  }
  const { api, archives, dicom, http, identity, models, storage, studies, telemetry, webhooks } = data;
  return { ...http, ...api, ...storage, ...models, ...studies, ...telemetry, identity, archives, dicom, webhooks };
}
