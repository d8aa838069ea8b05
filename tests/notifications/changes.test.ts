import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Change, createChangeHub } from '../../src/notifications/changes.js';

const job = (id: string): Change => ({ kind: 'JOB', id });
const all = () => true;

describe('changes', () => {
  it('tells of the first change at once and of the last of a burst, at most five times a second', async () => {
    const changes = createChangeHub();
    const followed = changes.follow(all);
    const times: number[] = [];
    const started = Date.now();
    const reading = (async () => {
      for await (const _ of followed) times.push(Date.now() - started);
    })();
    while (Date.now() - started < 950) {
      changes.publish(job('a'));
      await sleep(5);
    }
    const before = times.length;
    await sleep(300); // the last change has its say when the burst is over
    changes.close();
    await reading;
    expect(times[0]).toBeLessThan(50);
    expect(before).toBeGreaterThanOrEqual(3);
    expect(before).toBeLessThanOrEqual(6);
    expect(times.length).toBe(before + 1);
  });

  it('does not let one study wait for another', async () => {
    const changes = createChangeHub();
    const followed = changes.follow(all);
    changes.publish(job('a'));
    changes.publish(job('b'));
    expect([(await followed.next()).value, (await followed.next()).value]).toEqual([job('a'), job('b')]);
    changes.close();
  });

  it('keeps the latest of each, and no more than a thousand, for one who does not read', async () => {
    const changes = createChangeHub();
    const followed = changes.follow(all);
    for (let number = 0; number < 1500; number++) changes.publish(job(String(number)));
    changes.publish(job('1499'));
    const read: string[] = [];
    while (read.length < 1000) read.push((await followed.next()).value.id);
    expect(read[0]).toBe('500');
    expect(read.at(-1)).toBe('1499');
    const next = followed.next();
    changes.close(); // whoever waits for more is let go
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
