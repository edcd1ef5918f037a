// Shows a transfer on the terminal while it runs: one line that is repainted, and erased at the end.

import type { Io } from './command.ts';
import { FRAME_MS, HIDE_CURSOR, SHOW_CURSOR } from './progress-view.ts';
import { Transfer } from './transfer-line.ts';
import type { Transferred } from './transfer-line.ts';

/** Runs a transfer and shows the progress that it reports. `what` is its name on the line, for example `Saving`. */
export async function showTransfer<Result>(
  what: string,
  { stderr, now }: Pick<Io, 'stderr' | 'now'>,
  run: (onProgress: (state: Transferred) => void) => Promise<Result>,
): Promise<Result> {
  if (!stderr.isTerminal) return run(() => {});
  const transfer = new Transfer(what);
  let lead = HIDE_CURSOR;
  const paint = (): void => {
    void stderr.write(`${lead}\r${transfer.line(now(), stderr.columns() - 1)}\x1b[K`);
    lead = '';
  };
  const timer = setInterval(paint, FRAME_MS);
  try {
    return await run((state) => transfer.take(state));
  } finally {
    clearInterval(timer);
    if (lead === '') void stderr.write(`\r\x1b[K${SHOW_CURSOR}`);
  }
}
