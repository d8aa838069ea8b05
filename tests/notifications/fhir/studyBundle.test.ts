import { describe, expect, it } from 'vitest';
import type { StudyFacts } from '../../../src/notifications/fhir/facts.js';
import { writeOperationOutcome } from '../../../src/notifications/fhir/operationOutcome.js';
import { writeStudyBundle } from '../../../src/notifications/fhir/studyBundle.js';
import type { Answer } from '../../setup/program.js';
import { createR4Check } from './r4.js';

const check = createR4Check();
const FACTS: StudyFacts = {
  study: { id: 'study-1', studyInstanceUid: '1.2.840.1', modalities: ['MR'], failureCode: null },
  numberOfSeries: 2,
  numberOfInstances: 25,
  finding: { id: 'finding-1', label: 'glioma', confidence: 0.9312, abstained: false, abstentionReason: null },
  model: { id: 'model-1', name: 'brain-mri', version: '2.0.0' },
  codes: { glioma: { scheme: 'SCT', code: '393564001', meaning: 'Glioma' } },
  time: new Date('2026-11-25T08:00:00Z'),
};
const finding = (changes: object): StudyFacts => ({
  ...FACTS,
  finding: { ...(FACTS.finding as object), ...changes } as never,
});
const of = (bundle: Answer, type: string): Answer =>
  bundle.entry.map(({ resource }: Answer) => resource).find(({ resourceType }: Answer) => resourceType === type);

/** By the schema, and that every reference leads somewhere. */
function expectValid(bundle: Answer): void {
  const resources = [bundle, ...bundle.entry.map(({ resource }: Answer) => resource)];
  for (const resource of resources) expect(check(resource)).toEqual([]);
  const urls = bundle.entry.map(({ fullUrl }: Answer) => fullUrl);
  for (const url of urls)
    expect(url).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(urls).size).toBe(urls.length);
  for (const [, url] of JSON.stringify(bundle).matchAll(/"reference":"([^"]+)"/g)) expect(urls).toContain(url);
}

it('the check itself refuses what R4 does', () => {
  expect(check({ resourceType: 'Observation', status: 'good', code: {} })).not.toEqual([]);
  expect(check({ resourceType: 'Observation', code: {} })).toEqual(['status is missing']);
  expect(check({ resourceType: 'ImagingStudy', status: 'available' })).not.toEqual([]);
});

describe('the bundle of a study', () => {
  it('holds the finding, coded, with its certainty, the model, and what it must not be used for', () => {
    const bundle: Answer = writeStudyBundle(FACTS);
    expectValid(bundle);
    const observation = of(bundle, 'Observation');
    expect(observation).toMatchObject({
      status: 'preliminary',
      valueCodeableConcept: {
        coding: [{ system: 'http://snomed.info/sct', code: '393564001', display: 'Glioma' }],
        text: 'glioma',
      },
      component: [{ valueQuantity: { value: 93.1, unit: '%', system: 'http://unitsofmeasure.org', code: '%' } }],
      method: { text: 'brain-mri 2.0.0' },
      note: [{ text: 'Research use only – not for diagnostic use' }],
    });
    expect(observation).not.toHaveProperty('dataAbsentReason');
    expect(of(bundle, 'ImagingStudy').identifier).toEqual([{ system: 'urn:dicom:uid', value: 'urn:oid:1.2.840.1' }]);
    expect(of(bundle, 'DiagnosticReport')).toMatchObject({
      status: 'preliminary',
      conclusion: 'brain-mri 2.0.0: glioma, certainty 93.1 %. Research use only – not for diagnostic use.',
    });
    expect(of(bundle, 'Device')).toMatchObject({ deviceName: [{ name: 'brain-mri' }], version: [{ value: '2.0.0' }] });
  });

  it('says of whom it is no more than that this is not told', () => {
    const bundle: Answer = writeStudyBundle(FACTS);
    for (const type of ['DiagnosticReport', 'Observation', 'ImagingStudy']) {
      const { subject } = of(bundle, type);
      expect(Object.keys(subject).sort()).toEqual(['extension', 'type']);
      expect(subject.extension[0].valueCode).toBe('masked');
    }
  });

  it('has a reason in place of a value and its certainty where the model abstains (obs-6)', () => {
    const bundle: Answer = writeStudyBundle(finding({ abstained: true, abstentionReason: 'OUT_OF_DISTRIBUTION' }));
    expectValid(bundle);
    const observation = of(bundle, 'Observation');
    expect(observation.dataAbsentReason).toMatchObject({
      coding: [{ code: 'unknown' }, { code: 'OUT_OF_DISTRIBUTION' }],
      text: 'The model gives no answer: the images are unlike those the model was made from.',
    });
    expect(observation).not.toHaveProperty('valueCodeableConcept');
    expect(observation).not.toHaveProperty('component');
    expect(of(bundle, 'DiagnosticReport')).not.toHaveProperty('conclusionCode');
  });

  it.each([
    ['LOW_CONFIDENCE', 'neither a finding nor its absence is probable enough'],
    ['TOO_SMALL', 'something is seen in too little tissue to be sure of it'],
    ['TOO_FEW_SLICES', 'too few slices could be judged'],
    ['NOT_A_BRAIN_MR', 'the images are not MR images of a brain'],
  ])('tells the reason %s', (abstentionReason, words) => {
    const bundle: Answer = writeStudyBundle(finding({ abstained: true, abstentionReason }));
    expectValid(bundle);
    const { coding, text } = of(bundle, 'Observation').dataAbsentReason;
    expect(text).toBe(`The model gives no answer: ${words}.`);
    expect(coding[1]).toEqual({
      system: expect.stringMatching(/^urn:oid:2\.25\.\d+$/),
      code: abstentionReason,
      display: abstentionReason,
    });
    expect(of(bundle, 'DiagnosticReport').conclusion).toContain(words);
    expect(JSON.stringify(bundle)).not.toContain('lioma');
  });

  it('says of a finding of unsure kind that it is there, how sure that is, and what it may be', () => {
    const bundle: Answer = writeStudyBundle({
      ...finding({
        ...{ abstained: true, abstentionReason: 'KINDS_DISAGREE', confidence: 0.5509, kinds: ['glioma', 'meningioma'] },
        probabilities: [
          { label: 'glioma', probability: 0.5509 },
          { label: 'meningioma', probability: 0.4319 },
          { label: 'no_tumor', probability: 0.0101 },
        ],
      }),
      normalLabel: 'no_tumor',
    });
    expectValid(bundle);
    const text = 'Tumour, kind not sure: glioma 55.0 % or meningioma 43.1 %.';
    const coding = [{ system: 'http://snomed.info/sct', code: '108369006', display: 'Neoplasm' }];
    expect(of(bundle, 'Observation')).toMatchObject({
      valueCodeableConcept: { coding, text },
      component: [{ valueQuantity: { value: 98.9 } }],
    });
    expect(of(bundle, 'Observation')).not.toHaveProperty('dataAbsentReason');
    expect(of(bundle, 'DiagnosticReport')).toMatchObject({ conclusionCode: [{ coding }] });
    expect(of(bundle, 'DiagnosticReport').conclusion).toContain(text);
  });

  it('says of a study in which nothing was found what was looked for, and that this is all', () => {
    const labels = ['glioma', 'pituitary', 'no_tumor'];
    const bundle: Answer = writeStudyBundle({ ...finding({ label: 'no_tumor' }), labels, normalLabel: 'no_tumor' });
    expectValid(bundle);
    const limits = 'It looked for: glioma, pituitary. It tells nothing of what it was not made to find.';
    expect(of(bundle, 'DiagnosticReport').conclusion).toContain(limits);
    expect(of(bundle, 'Observation').note).toEqual([{ text: `Research use only – not for diagnostic use. ${limits}` }]);
    const found: Answer = writeStudyBundle({ ...FACTS, labels, normalLabel: 'no_tumor' });
    expect(JSON.stringify(found)).not.toContain('It looked for');
  });

  it('names a label without a code of a known scheme in words, and calls no probability 100 %', () => {
    const bundle: Answer = writeStudyBundle(finding({ label: 'no_tumor', confidence: 0.99999 }));
    expectValid(bundle);
    expect(of(bundle, 'Observation').valueCodeableConcept).toEqual({ text: 'no tumor' });
    expect(of(bundle, 'Observation').component[0].valueQuantity.value).toBe(99.9);
  });

  it('is a cancelled report where a study failed, and carries its event’s id', () => {
    const failed = { ...FACTS, study: { ...FACTS.study, failureCode: 'PACS_REFUSED' }, finding: null };
    const bundle: Answer = writeStudyBundle(failed, '7f1f1ad4-1f0c-4cf0-8c5e-0a6e9a3d1a11');
    expectValid(bundle);
    expect(bundle.identifier.value).toBe('urn:uuid:7f1f1ad4-1f0c-4cf0-8c5e-0a6e9a3d1a11');
    expect(of(bundle, 'Observation')).toBeUndefined();
    expect(of(bundle, 'DiagnosticReport')).toMatchObject({
      status: 'cancelled',
      conclusion: expect.stringContaining('PACS_REFUSED'),
    });
  });

  it('has the same names every time', () => {
    expect(writeStudyBundle(FACTS)).toEqual(writeStudyBundle(FACTS));
  });
});

it('an OperationOutcome is one', () => {
  expect(check(writeOperationOutcome('not-found', 'Study 1.2.3 is not here.'))).toEqual([]);
});
