import { expect, it } from 'vitest';
import { examineConfiguration } from '../../src/doctor/configuration.js';

it('leaves an archive out whose certificates cannot be read, instead of asking it without them', () => {
  const env = { PACS_URL: 'https://127.0.0.1:9/dicom-web', PACS_CA: '/nowhere/ca.pem' };
  const { config, wrong, results } = examineConfiguration(env, '/srv');
  expect(config?.archives).toEqual([]);
  expect([...wrong].toSorted()).toEqual(['PACS_CA', 'PACS_URL']);
  expect(results).toMatchObject([{ check: 'configuration', cure: expect.stringMatching(/^Correct PACS_CA in/) }]);
});
