import Table from 'cli-table3';
import { readConfig } from '../config/config.js';
import { type ArrivedStudy, ruleFor } from '../config/intakeRules.js';
import { MrimasterError } from '../errors/errors.js';
import { terminal } from '../output/terminal.js';
import { findFiles } from '../pacs/findFiles.js';
import type { Instance } from '../pacs/header/parse.js';
import { parseFile } from '../pacs/header/parseFile.js';
import { sayRuling } from '../wording/intake.js';

/** `mrimaster rules test FOLDER`: shows what would happen to the studies of a folder if they arrived, and why. */
export async function testRules(folder: string): Promise<void> {
  const { rules, writeBack } = readConfig();
  const studies = new Map<string, Instance[]>();
  for await (const file of findFiles(folder, { found: 0, skipped: 0 })) {
    try {
      const instance = await parseFile(file);
      studies.set(instance.studyInstanceUid, [...(studies.get(instance.studyInstanceUid) ?? []), instance]);
    } catch (error) {
      if (!(error instanceof MrimasterError)) throw error;
      terminal.error(`${file}: ${error.message}`);
      process.exitCode = 1;
    }
  }
  const table = new Table({ head: ['study', 'objects', 'what happens', 'why'], style: { head: [], border: [] } });
  for (const [studyInstanceUid, instances] of studies) {
    const ruled = ruleFor(rules, describe(instances));
    const targets = ruled ? [...ruled.rule.writeBack, ...(writeBack ? ['where it came from'] : [])] : [];
    const to = targets.length > 0 ? `, written back to ${targets.join(', ')}` : '';
    const what = ruled?.rule.classify ? `classified, ${ruled.rule.priority}${to}` : 'passed over';
    table.push([
      studyInstanceUid,
      instances.length,
      what,
      ruled ? sayRuling(ruled.rule.name, ruled.matches) : 'no rule is for it',
    ]);
  }
  terminal.log(studies.size > 0 ? table.toString() : `No DICOM file was found in ${folder}.`);
}

/** Describes a study as the database would. The archive is unknown: a file does not name it. */
function describe(instances: readonly Instance[]): ArrivedStudy {
  const given = (value: (instance: Instance) => string | null) => [
    ...new Set(instances.map(value).filter((text) => text !== null)),
  ];
  return {
    modalities: [...new Set(instances.map(({ modality }) => modality ?? 'OT'))],
    descriptions: [
      ...given((instance) => instance.studyDescription),
      ...given((instance) => instance.seriesDescription),
    ],
    bodyParts: given((instance) => instance.bodyPartExamined),
    stations: given((instance) => instance.stationName),
    pacs: null,
  };
}
