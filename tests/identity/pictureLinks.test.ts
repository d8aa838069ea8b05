import { describe, expect, it } from 'vitest';
import type { Caller } from '../../src/identity/caller.js';
import { createPictureLinks } from '../../src/identity/pictureLinks.js';

const caller: Caller = { subject: 'reader', rights: new Set(['pixels']) };

describe('the link of a picture', () => {
  it('is good for an hour by a clock that nobody sets, whatever the time of day is', () => {
    let [ticks, now] = [0, Date.parse('2026-11-30T12:00:00Z')];
    const links = createPictureLinks(
      () => ticks,
      () => now,
    );
    const link = links.sign(caller, '/images/slices/1.png');
    now -= 2 * 3_600_000;
    expect(links.open(link)).toBe(caller);
    now += 4 * 3_600_000;
    ticks = 3_599_999;
    expect(links.open(link)).toBe(caller);
    ticks = 3_600_000;
    expect(links.open(link)).toBeUndefined();
  });

  it('ends with what its caller has proved, by the time of day', () => {
    let now = 1000;
    const links = createPictureLinks(
      () => 0,
      () => now,
    );
    const link = links.sign({ ...caller, expiresAt: new Date(2000) }, '/x.png');
    expect(links.open(link)).toBeDefined();
    now = 2000;
    expect(links.open(link)).toBeUndefined();
  });
});
