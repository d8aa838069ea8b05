import type { DataSet } from '../write/writeInstance.js';
import { byInstance, sopReference } from './contentItem.js';
import type { Reference } from './report.js';

/**
 * Items of an evidence sequence: the referenced objects of one study, grouped by series (Hierarchical SOP Instance
 * Reference macro, PS3.3 C.17.2.1). Empty without references.
 */
export function evidence(studyInstanceUid: string, references: readonly Reference[]): DataSet[] {
  if (references.length === 0) return [];
  const series = new Map<string, Reference[]>();
  for (const reference of references) {
    const { seriesInstanceUid } = reference;
    series.set(seriesInstanceUid, [...(series.get(seriesInstanceUid) ?? []), reference]);
  }
  const items = [...series].map(([SeriesInstanceUID, ofSeries]) => ({
    ReferencedSOPSequence: byInstance(ofSeries).map(({ reference }) => sopReference(reference)),
    SeriesInstanceUID,
  }));
  return [{ ReferencedSeriesSequence: items, StudyInstanceUID: studyInstanceUid }];
}
