export function createRandom(name: string): {
  below(limit: number): number;
  of<T>(values: readonly T[]): T;
  once(times: number): boolean;
};
