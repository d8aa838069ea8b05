import { expect, it } from 'vitest';
import { createReceiverCircuits } from '../../src/notifications/receiverCircuits.js';

it('leaves a receiver alone that failed three times in a row, longer each time, and tries it out by one message', () => {
  let now = 0;
  const circuits = createReceiverCircuits(() => now);
  const fail = (times: number) => {
    for (let time = 0; time < times; time++) circuits.failed('a');
  };
  fail(2);
  expect(circuits.pause('a')).toBe(0);
  circuits.worked('a');
  fail(2);
  expect(circuits.pause('a')).toBe(0); // not in a row
  fail(1);
  expect([circuits.pause('a'), circuits.pause('b')]).toEqual([15, 0]);
  now += 15_000;
  expect([circuits.pause('a'), circuits.pause('a')]).toEqual([0, 15]);
  fail(1);
  expect(circuits.pause('a')).toBe(30);
  fail(20);
  expect(circuits.pause('a')).toBe(300);
  circuits.worked('a');
  expect(circuits.pause('a')).toBe(0);
});
