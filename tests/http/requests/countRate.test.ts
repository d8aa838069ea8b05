import { describe, expect, it } from 'vitest';
import { countRate } from '../../../src/http/requests/countRate.js';
import { RateStore } from '../../../src/http/requests/rateStore.js';
import { createPace } from '../../../src/peers/pace.js';

describe('a rate', () => {
  it('counts each caller alone, and anew after a minute', () => {
    let now = 0;
    const count = countRate(() => now);
    expect([count('a'), count('a'), count('b')].map((one) => one.count)).toEqual([1, 2, 1]);
    now = 59_999;
    expect(count('a')).toEqual({ count: 3, leftMs: 1 });
    now = 60_000;
    expect(count('a')).toEqual({ count: 1, leftMs: 60_000 });
  });

  it('goes by a clock that nobody sets: one set back by two hours locks nobody out', () => {
    const store = new RateStore();
    const realNow = Date.now;
    const ask = () => {
      let told = { current: 0, ttl: 0 };
      store.incr('caller', (_error, result) => {
        told = result;
      });
      return told;
    };
    try {
      ask();
      Date.now = () => realNow() - 7_200_000;
      expect(ask().ttl).toBeLessThanOrEqual(60_000);
    } finally {
      Date.now = realNow;
    }
  });
});

describe('a pace', () => {
  it('runs out for one that sends too little while it is waited for, and not while we are busy', () => {
    let now = 0;
    const pace = createPace({ bytesPerSecond: 100, graceMs: 1000 }, () => now);
    pace.wait();
    now = 900;
    expect(pace.left()).toBe(100);
    pace.came(10); // good for 100 ms
    expect(pace.left()).toBe(200);
    now = 100_000; // we were busy
    pace.wait();
    now += 150;
    expect(pace.left()).toBe(50);
    pace.came(1_000_000);
    expect(pace.left()).toBe(1000); // what was sent before is no licence to fall silent
  });
});
