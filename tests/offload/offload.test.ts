import { afterAll, describe, expect, it } from 'vitest';
import { openOffload } from '../../src/offload/offload.js';
import { createTurns } from '../../src/offload/takeTurns.js';
import { greyPng } from '../images/buildPng.js';

const offload = openOffload();
afterAll(() => offload.close());

describe('pictures that are read apart', () => {
  it('come in turns: a small one of one caller waits for one large one of another, not for all', async () => {
    const order: string[] = [];
    const large = greyPng(4000, 4000);
    const read = (name: string, bytes: Buffer, who: string) =>
      offload.readPicture(bytes, who).then(() => void order.push(name));
    const all = [1, 2, 3].map((number) => read(`large ${number}`, large, 'one'));
    await Promise.all([...all, read('small', greyPng(8, 8), 'other')]);
    expect(order).toEqual(['large 1', 'small', 'large 2', 'large 3']);
  });

  it('are refused, as retryable, where one caller has too many waiting, and another is not', async () => {
    const large = greyPng(3000, 3000);
    const mine = Array.from({ length: 8 }, () =>
      offload.readPicture(large, 'one').then(
        () => 'read',
        (error) => error,
      ),
    );
    const other = await offload.readPicture(greyPng(8, 8), 'other');
    expect(other.rows).toBe(8);
    const refused = (await Promise.all(mine)).filter((one) => one !== 'read');
    expect(refused).toHaveLength(3); // one is read, four wait
    for (const error of refused) expect(error).toMatchObject({ code: 'TOO_BUSY', retryable: true });
  });
});

describe('turns', () => {
  it('start the clock of a call when it is its turn', async () => {
    const turn = createTurns({ most: 10, mostOfOne: 10 });
    const began: number[] = [];
    let running = 0;
    const work = async () => {
      expect(++running).toBe(1);
      began.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, 30));
      running--;
    };
    await Promise.all([turn('a', work), turn('a', work), turn('b', work)]);
    expect(began).toHaveLength(3);
  });

  it('go round among callers, however many calls each has, and on after a call that fails', async () => {
    const turn = createTurns({ most: 20, mostOfOne: 10 });
    const order: string[] = [];
    const call = (name: string) =>
      turn(name, async () => {
        order.push(name);
        if (name === 'b') throw new Error('b fails');
      })?.catch(() => {});
    await Promise.all(['a', 'a', 'a', 'b', 'b', 'c'].map(call));
    expect(order).toEqual(['a', 'b', 'a', 'c', 'b', 'a']);
    expect(await turn('d', async () => 'served')).toBe('served');
  });
});
