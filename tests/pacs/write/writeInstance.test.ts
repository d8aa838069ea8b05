import { expect, it } from 'vitest';
import { IMPLEMENTATION_CLASS_UID } from '../../../src/pacs/write/implementation.js';
import { writeInstance } from '../../../src/pacs/write/writeInstance.js';

const required = { SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', SOPInstanceUID: '1.2.3' };

it('names us as the implementation, in the group 2 of the file', () => {
  const group2 = writeInstance(required).subarray(0, 400).toString('latin1');
  expect(group2).toContain(IMPLEMENTATION_CLASS_UID);
  expect(group2).toContain('MRIMASTER');
  expect(group2).not.toContain('dcmjs');
});

it('refuses a keyword that is not of the dictionary, in sequences too, instead of leaving it out', () => {
  expect(() => writeInstance({ ...required, PatientsName: 'A' })).toThrow('PatientsName');
  const nested = { ReferencedSeriesSequence: [{ SeriesInstanceUid: '1.2' }] };
  expect(() => writeInstance({ ...required, ...nested })).toThrow('SeriesInstanceUid');
});
