import { expect, it } from 'vitest';
import { counted, isOrAre } from '../../src/output/counted.js';

it('one of a thing is singular, none and several are plural', () => {
  expect([0, 1, 2].map((count) => counted(count, 'file'))).toEqual(['0 files', '1 file', '2 files']);
  expect([1, 2].map((count) => counted(count, 'study', 'studies'))).toEqual(['1 study', '2 studies']);
  expect([0, 1, 2].map(isOrAre)).toEqual(['are', 'is', 'are']);
});
