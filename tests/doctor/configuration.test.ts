import { expect, it } from 'vitest';
import { examineConfiguration } from '../../src/doctor/configuration.js';

it('leaves an archive out whose certificates cannot be read, instead of asking it without them', () => {
  const env = { PACS_URL: 'https://127.0.0.1:9/dicom-web', PACS_CA: '/nowhere/ca.pem' };
  const { config, doubtful, findings } = examineConfiguration(env, '/srv');
  expect(config?.archives).toEqual([]);
  expect([...doubtful].toSorted()).toEqual(['PACS_CA', 'PACS_URL']);
  expect(findings).toMatchObject([{ check: 'configuration', cure: expect.stringMatching(/^Correct PACS_CA in/) }]);
});
