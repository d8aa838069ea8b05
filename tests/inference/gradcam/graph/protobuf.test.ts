import { describe, expect, it } from 'vitest';
import { bytesField, integerField, readFields, unpack } from '../../../../src/inference/gradcam/graph/protobuf.js';

describe('the wire format of Protocol Buffers', () => {
  it.each([0, 1, 127, 128, 300, 2 ** 31, -1, -2, -(2 ** 31)])('writes and reads the integer %d', (value) => {
    expect([...readFields(integerField(3, value))]).toEqual([{ number: 3, value }]);
  });

  it('reads a negative integer as other writers encode it: ten bytes of two’s complement', () => {
    const minusOne = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
    expect([...readFields(Uint8Array.from([8, ...minusOne]))]).toEqual([{ number: 1, value: -1 }]);
    expect(unpack(Uint8Array.from([...minusOne, 2]))).toEqual([-1, 2]);
  });

  it('refuses a field that is longer than its message', () => {
    const whole = bytesField(1, 'abc');
    expect(() => [...readFields(whole.subarray(0, 4))]).toThrow(RangeError);
  });
});
