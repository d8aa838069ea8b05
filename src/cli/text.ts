import cliProgress from 'cli-progress';
import { terminal } from '../output/terminal.js';

export type ProgressBar = { update(fraction: number): void; stop(): void };

const LOG_STEP = 25; // percent

/** A bar on a terminal; elsewhere, such as in a log, a line for every quarter. */
export function progressBar(title: string): ProgressBar {
  if (!process.stderr.isTTY) return progressLines(title);
  const format = `${title} {bar} {percentage} %`;
  const bar = new cliProgress.SingleBar({ format, hideCursor: true }, cliProgress.Presets.shades_classic);
  bar.start(100, 0);
  return { update: (fraction) => bar.update(Math.round(fraction * 100)), stop: () => bar.stop() };
}

function progressLines(title: string): ProgressBar {
  let next = LOG_STEP;
  return {
    update: (fraction) => {
      const reached = Math.floor((fraction * 100) / LOG_STEP) * LOG_STEP;
      if (reached >= next) terminal.log(`${title} ${reached} %`);
      next = Math.max(next, reached + LOG_STEP);
    },
    stop: () => {},
  };
}
