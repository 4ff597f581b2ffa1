import { SingleBar } from 'cli-progress';

/** Shows how far something has come. */
export interface Progress {
  readonly update: (done: number, total: number) => void;
  /** Leaves the bar as it stands; to be called also after a failure. */
  readonly stop: () => void;
}

/** A bar on a terminal; elsewhere one line for each further tenth, through `complain`, so that a log stays short. */
export function startProgress(label: string, complain: (line: string) => void): Progress {
  return process.stderr.isTTY ? bar(label) : lines(label, complain);
}

function bar(label: string): Progress {
  const shown = new SingleBar({
    format: `${label} {bar} {percentage} % · {eta_formatted} left`,
    hideCursor: true,
    stream: process.stderr,
    barCompleteChar: '█',
    barIncompleteChar: '░',
  });
  let isStarted = false;
  return {
    update: (done, total) => {
      if (!isStarted) shown.start(total, 0);
      isStarted = true;
      shown.update(Math.min(done, total));
    },
    stop: () => shown.stop(),
  };
}

function lines(label: string, complain: (line: string) => void): Progress {
  let tenths = 0;
  return {
    update: (done, total) => {
      const now = total === 0 ? 10 : Math.floor((10 * Math.min(done, total)) / total);
      if (now === tenths) return;
      tenths = now;
      complain(`${label} ${now * 10} %`);
    },
    stop: () => undefined,
  };
}
