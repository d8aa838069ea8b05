import cliProgress from 'cli-progress';
import { terminal } from '../output/terminal.js';

/** Shows how far a command is. `fraction`: from 0 to 1. */
export type ProgressBar = { update(fraction: number): void; stop(): void };

const LOG_STEP = 25; // percent

/** Shows a bar on a terminal; elsewhere, for instance in a log, it prints a line for each quarter. */
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
