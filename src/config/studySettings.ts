import { z } from 'zod';
import { DEFAULT_RULES, type IntakeRule, rulesFile } from './intakeRules.js';
import { flag, integer } from './settingKinds.js';

/** When arriving studies are classified, and where answers go. */
export type StudySettings = {
  /** How long no instance of a study must have come, and after how long it is classified in any case. */
  arrivals: { quietMs: number; deadlineMs: number };
  /** Which arriving studies are classified. The first rule that matches decides. */
  rules: readonly IntakeRule[];
  /**
   * Whether answers are written back to the archive that a study came from; to the first one where it was sent to us.
   */
  writeBack: boolean;
};

/** Schema of the settings of arriving studies. `directory`: that from which relative paths are taken. */
export const studySettings = (directory: string) =>
  z
    .object({
      STUDY_QUIET_SECONDS: integer(1, 86_400).prefault('60').meta({
        description:
          'A study is classified when nothing of it has come for so many seconds and the archive, if one is configured, counts what is here.',
      }),
      STUDY_DEADLINE_SECONDS: integer(1, 604_800).prefault('600').meta({
        description:
          'After so many seconds a study is classified in any case. Its answer is then said to be provisional.',
      }),
      RULES_FILE: rulesFile(directory).optional().meta({
        description:
          'Which studies are classified: a JSON file, see docs/auto-classification.md. By default every study with MR series.',
        example: 'rules.json',
      }),
      WRITE_BACK: flag().prefault('false').meta({
        description:
          '"true" writes each answer back as a structured report and a picture (docs/results.md): to the archive that the study came from, the first one where it came by itself. A rule of RULES_FILE may name others.',
      }),
    })
    .transform(
      (given): StudySettings => ({
        arrivals: {
          quietMs: given.STUDY_QUIET_SECONDS * 1000,
          deadlineMs: given.STUDY_DEADLINE_SECONDS * 1000,
        },
        rules: given.RULES_FILE ?? DEFAULT_RULES,
        writeBack: given.WRITE_BACK,
      }),
    )
    .meta({
      title: 'Arriving studies',
      description: 'When studies that arrive by themselves are classified, and where answers go.',
    });
