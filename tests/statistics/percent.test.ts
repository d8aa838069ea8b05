import { describe, expect, it } from 'vitest';
import { writeStudyBundle } from '../../src/notifications/fhir/studyBundle.js';
import { measurementReport } from '../../src/pacs/report/measurementReport.js';
import { percent } from '../../src/statistics/percent.js';
import { sayFinding, sayPrediction } from '../../src/wording/sayAnswer.js';
import { finding as reported, reportOf } from '../pacs/report/sampleReport.js';

describe('a probability in per cent', () => {
  it('is cut off, never rounded up, and never 100', () => {
    expect([0.9999, 1, 0.97, 0.57, 0.29, 0.9996, 0.0004].map(percent)).toEqual(
      ['99.9', '99.9', '97.0', '57.0', '29.0', '99.9', '0.0'], //
    );
    for (let tenths = 0; tenths < 1000; tenths++) expect(percent(tenths / 1000)).toBe((tenths / 10).toFixed(1));
  });

  it.each([0.66667, 0.70959, 0.9312, 0.99951, 0.99999, 1])('has the same digits wherever %f is told', (confidence) => {
    const row = { label: 'glioma', confidence, abstained: false, abstentionReason: null };
    const facts = {
      study: { id: 'study-1', studyInstanceUid: '1.2', modalities: ['MR'], failureCode: null },
      ...{ numberOfSeries: 1, numberOfInstances: 1, codes: {}, time: new Date(0) },
      finding: { id: 'finding-1', ...row },
      model: { id: 'model-1', name: 'm', version: '1' },
    };
    const slice = { ...row, status: 'CLASSIFIED' as const, failureCode: null };
    const told = {
      words: sayFinding(row),
      slice: sayPrediction(slice),
      report: JSON.stringify(measurementReport(reportOf({ ...reported(), confidence } as never))),
      fhir: JSON.stringify(writeStudyBundle(facts)),
    };
    const digits = percent(confidence);
    expect(told.words).toBe(`glioma, ${digits} %`);
    expect(told.slice).toBe(`glioma, ${digits} %`);
    expect(told.report).toContain(`"NumericValue":"${digits}"`);
    expect(told.report).toContain(`Certainty ${digits} %`);
    expect(told.fhir).toContain(`certainty ${digits} %`);
    expect(told.fhir).toContain(`"value":${Number(digits)},`);
    expect(JSON.stringify(told)).not.toMatch(/\b100(\.0)? %/);
  });
});
