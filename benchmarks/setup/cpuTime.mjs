// CPU time of processes and their threads, from proc(5); nothing where there is no /proc.
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_A_SECOND = 100; // sysconf(_SC_CLK_TCK), on every Linux that runs Node.js

/** Seconds that `pid` has used, its threads together. */
export function cpuOf(pid) {
  return parse(`/proc/${pid}/stat`)?.seconds ?? 0;
}

/** Of a process: the first thread's seconds, those of threads at a lower priority, and those of all others. */
export function cpuByThread(pid) {
  const sums = { main: 0, low: 0, other: 0 };
  for (const tid of list(`/proc/${pid}/task`)) {
    const { seconds = 0, nice = 0 } = parse(`/proc/${pid}/task/${tid}/stat`) ?? {};
    sums[Number(tid) === pid ? 'main' : nice > 0 ? 'low' : 'other'] += seconds;
  }
  return sums;
}

/** Of a process and its children, those that have ended too. */
export function cpuOfAll(pid) {
  const children = list('/proc').filter((one) => parse(`/proc/${one}/stat`)?.parent === pid);
  return children.reduce((sum, child) => sum + cpuOf(child), cpuOf(pid) + (parse(`/proc/${pid}/stat`)?.ended ?? 0));
}

function list(path) {
  try {
    return readdirSync(path).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function parse(path) {
  try {
    const text = readFileSync(path, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // from the third one on
    return {
      parent: Number(fields[1]),
      seconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
      ended: (Number(fields[13]) + Number(fields[14])) / TICKS_A_SECOND, // its children that have been waited for
      nice: Number(fields[16]),
    };
  } catch {
    return undefined; // it has ended
  }
}
