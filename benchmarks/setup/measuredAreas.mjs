import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** mm² of tumour by SOP Instance UID, as masks/*.csv of a folder of studies have it; other slices were not measured. */
export function measuredAreas(folder) {
  const areas = new Map();
  for (const file of readdirSync(join(folder, 'masks')).filter((name) => name.endsWith('.csv'))) {
    const [head, ...lines] = readFileSync(join(folder, 'masks', file), 'utf8')
      .trim()
      .split(/\r?\n/);
    const keys = head.split(',');
    const [uid, area] = ['sop_instance_uid', 'mask_area_mm2'].map((key) => keys.indexOf(key));
    for (const line of lines) {
      const fields = line.split(','); // what is quoted comes behind these
      areas.set(fields[uid], Number(fields[area]));
    }
  }
  return areas;
}
