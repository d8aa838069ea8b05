/** Numbers that look random and are the same for the same `name` (mulberry32 over an FNV-1a hash). */
export function createRandom(name) {
  let state = 0x811c9dc5;
  for (const character of name) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    /** A whole number from 0, less than `limit`. */
    below: (limit) => (limit <= 0 ? 0 : next() % limit),
    /** One of `values`. */
    of: (values) => values[next() % values.length],
    /** True once in `times`. */
    once: (times) => next() % times === 0,
  };
}
