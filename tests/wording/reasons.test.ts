import { describe, expect, it } from 'vitest';
import { EligibilityCode, EvidenceCode, IntakeCode } from '../../src/generated/prisma/enums.js';
import { sayEvidence } from '../../src/wording/completeness.js';
import { sayEligibility } from '../../src/wording/eligibility.js';
import { sayIntake } from '../../src/wording/intake.js';

const PARAMETERS = {
  archive: 'PACS',
  aside: 0,
  bodyPart: 'KNEE',
  component: 'REAL',
  count: 24,
  differing: 1,
  here: 20,
  images: 60,
  kind: 'ADC',
  least: 3,
  madeFor: 'T1',
  matches: 'modality "MR"',
  modality: 'CT',
  orientation: 'AXIAL',
  places: 3,
  rule: 'heads',
  text: 'as it was worded',
  unusable: 2,
  weighting: 'T2',
};

describe('a reason is said in words', () => {
  it.each(Object.values(EligibilityCode))('of a series: %s', (code) => {
    expect(sayEligibility({ code, parameters: PARAMETERS })).toMatch(/^[^{}]{4,}$/);
    expect(sayEligibility({ code, parameters: PARAMETERS })).not.toContain('undefined');
  });

  it.each(Object.values(IntakeCode))('of a study that arrives: %s', (code) => {
    expect(sayIntake({ code, parameters: PARAMETERS })).toMatch(/^[^{}]{4,}$/);
    expect(sayIntake({ code, parameters: PARAMETERS })).not.toContain('undefined');
  });

  it.each(Object.values(EvidenceCode))('of its completeness: %s', (code) => {
    expect(sayEvidence({ code, parameters: PARAMETERS })).toMatch(/^[^{}]{4,}$/);
    expect(sayEvidence({ code, parameters: PARAMETERS })).not.toContain('undefined');
  });
});

it('no two reasons of a kind are said in the same words', () => {
  for (const sentences of [
    Object.values(EligibilityCode).map((code) => sayEligibility({ code, parameters: PARAMETERS })),
    Object.values(IntakeCode).map((code) => sayIntake({ code, parameters: PARAMETERS })),
    Object.values(EvidenceCode).map((code) => sayEvidence({ code, parameters: PARAMETERS })),
  ])
    expect(new Set(sentences).size).toBe(sentences.length);
});

it('what was not decided yet has no reason', () => {
  expect(sayEligibility({ code: null, parameters: {} })).toBe('not looked at yet');
  expect(sayIntake({ code: null, parameters: {} })).toBeNull();
});

it('a series is named by weighting, contrast agent and plane, as far as they are known', () => {
  const say = (parameters: object) => sayEligibility({ code: 'ANATOMICAL', parameters });
  expect(say({ weighting: 'T1', contrast: 'POST', orientation: 'AXIAL' })).toBe('T1 post-contrast axial');
  expect(say({ weighting: 'T2', orientation: 'CORONAL' })).toBe('T2 coronal');
  expect(say({ orientation: 'SAGITTAL' })).toBe('anatomical MR sagittal, weighting unknown');
  expect(say({})).toBe('anatomical MR of unknown orientation, weighting unknown');
});

it('a value that a header does not give is left out', () => {
  expect(sayEligibility({ code: 'NOT_MR', parameters: {} })).toBe('not MR');
  expect(sayEligibility({ code: 'NOT_MR', parameters: { modality: 'CT' } })).toBe('not MR (CT)');
  expect(sayEligibility({ code: 'DERIVED_MAP', parameters: { kind: 'PERFUSION' } })).toBe('derived map (perfusion)');
});

it('one instance is singular', () => {
  expect(sayEvidence({ code: 'COUNTED_AT_DEADLINE', parameters: { archive: 'main', count: 2, here: 1 } })).toBe(
    'main counted 2 instances at the deadline; 1 is here.',
  );
  expect(sayEvidence({ code: 'NO_ARCHIVE', parameters: { here: 1 } })).toMatch(/^1 instance came;/);
});

it('counts that are 0 are not told', () => {
  const pulled = { count: 25, here: 25, unusable: 0, differing: 0 };
  expect(sayEvidence({ code: 'COUNTED_WHEN_PULLED', parameters: pulled })).toBe(
    'The archive counted 25 instances when asked once; 25 are here.',
  );
  expect(sayEvidence({ code: 'COUNTED_WHEN_PULLED', parameters: { ...pulled, here: 24, unusable: 1 } })).toBe(
    'The archive counted 25 instances when asked once; 24 are here. 1 that it sent could not be used.',
  );
});
