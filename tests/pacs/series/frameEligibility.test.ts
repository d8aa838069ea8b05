import { describe, expect, it } from 'vitest';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { whyFrameIneligible } from '../../../src/pacs/series/frameEligibility.js';
import { buildFile, type Elements, mrElements } from '../buildDicom.js';

const ineligibility = (elements: Elements, weightings?: string[]) =>
  whyFrameIneligible(parseInstance(buildFile(mrElements(elements))), 1, weightings);

describe('no answer about a frame is believed', () => {
  it.each<[string, Elements]>([
    ['CT', { '00080060': ['CS', 'CT'] }],
    ['PET', { '00080060': ['CS', 'PT'] }],
    ['a secondary capture', { '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.7'] }],
    ['another body part', { '00180015': ['CS', 'KNEE'] }],
  ])('that is no brain MR: %s', (_, elements) => expect(ineligibility(elements)).toBe('NOT_A_BRAIN_MR'));

  it.each<[string, Elements]>([
    ['a map', { '00080008': ['CS', 'DERIVED\\PRIMARY\\DIFFUSION\\ADC\\ND'] }],
    ['a localizer', { '0008103E': ['LO', '3-plane loc'] }],
    ['another weighting', { '0008103E': ['LO', 'AX T2 FLAIR'] }],
  ])('of what the model is not made for: %s', (_, elements) =>
    expect(ineligibility(elements, ['T1'])).toBe('OUT_OF_DISTRIBUTION'),
  );

  it('unless nothing speaks against it', () => {
    expect(ineligibility({ '0008103E': ['LO', 'AX T1 POST GAD'] }, ['T1'])).toBeNull();
    expect(ineligibility({ '0008103E': ['LO', 'AX T2 FLAIR'] })).toBeNull();
  });
});
