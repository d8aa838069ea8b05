import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AbstentionReason } from '../../src/generated/prisma/client.js';
import { abstention } from '../../src/notifications/fhir/facts.js';
import { ABSTENTION_REASONS } from '../../src/pacs/report/vocabulary.js';
import { ABSTENTIONS } from '../../src/wording/abstentions.js';
import { sayFinding } from '../../src/wording/sayAnswer.js';
import { REPOSITORY } from '../setup/program.js';

it('each reason of the database has words', () => {
  expect(Object.keys(ABSTENTIONS)).toEqual(Object.keys(AbstentionReason));
});

it.each(Object.values(AbstentionReason))(
  'says %s in the same words on a screen, in FHIR, in DICOM and in the docs',
  (reason) => {
    const { short, sentence } = ABSTENTIONS[reason];
    const finding = { id: '', label: 'glioma', confidence: 0.5, abstained: true, abstentionReason: reason };
    expect(sayFinding(finding)).toBe(`No answer (${short})`);
    expect(abstention(finding)).toBe(`The model gives no answer: ${sentence}.`);
    const { meaning } = ABSTENTION_REASONS[reason];
    expect(meaning.toLowerCase()).toBe(sentence.toLowerCase());
    expect(meaning.length).toBeLessThanOrEqual(64); // PS3.5 6.2, LO
    expect(readFileSync(join(REPOSITORY, 'docs/results.md'), 'utf8')).toContain(sentence);
  },
);
