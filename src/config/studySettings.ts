import { z } from 'zod';
import { DEFAULT_RULES, type IntakeRule, rulesFile } from './intakeRules.js';
import { across, flag, integer } from './settingKinds.js';

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
          'A study is classified when no instance of it has come for so many seconds. If an archive is configured, it must also have no more instances than have come.',
      }),
      STUDY_DEADLINE_SECONDS: integer(1, 604_800).prefault('600').meta({
        description:
          'Longest wait, in seconds from the last instance of a study that came; a new instance starts the wait again. After it the study is classified in any case, even if its sender is still connected or the archive has more, and counts as provisional. Not less than STUDY_QUIET_SECONDS.',
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
    .check(
      across(({ STUDY_DEADLINE_SECONDS: deadline, STUDY_QUIET_SECONDS: quiet }) =>
        typeof deadline === 'number' && typeof quiet === 'number' && deadline < quiet
          ? `STUDY_DEADLINE_SECONDS (${deadline}) is less than STUDY_QUIET_SECONDS (${quiet}): no study would get its quiet time. Raise the one, or lower the other.`
          : undefined,
      ),
    )
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
