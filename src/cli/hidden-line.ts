// Reads a line from a terminal without showing it. In the terminal's raw mode, nothing is shown, and the keys that edit the line or stop
// the program arrive as characters: this file handles them. The mode is always restored, however the reading ends. If the process
// exits before that, Node restores it.

/** The standard input, if it is a terminal. */
export type RawTerminal = Pick<NodeJS.ReadStream, 'setRawMode' | 'setEncoding' | 'on' | 'off' | 'pause'>;

/** What the keys that are not text send. */
const KEY = { enter: '\r', newLine: '\n', ctrlC: '\x03', ctrlD: '\x04', ctrlU: '\x15', backspace: '\x7f', ctrlH: '\b' } as const;
/** The sequences of arrow keys, function keys and pasted text (ECMA-48, "control sequence"). */
const SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)/g;

/**
 * Resolves with the line, without its line break. If the input ends first, resolves with what was typed until then. Calls `ready` when the
 * terminal hides typed text, and `interrupt` for Ctrl-C. Rejects with the reason of the signal, or with the error of the terminal.
 */
export function hiddenLine(terminal: RawTerminal, ready: () => void, interrupt: () => void, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    let line = '';
    const finish = (settle: () => void): void => {
      terminal.off('data', onData).off('end', onEnd).off('error', onError).pause();
      signal.removeEventListener('abort', onAbort);
      terminal.setRawMode(false);
      settle();
    };
    const onEnd = (): void => finish(() => resolve(line));
    const onError = (error: Error): void => finish(() => reject(error));
    const onAbort = (): void => finish(() => reject(signal.reason as Error));
    const onData = (text: string): void => {
      for (const key of text.replace(SEQUENCE, '')) {
        if (key === KEY.enter || key === KEY.newLine || key === KEY.ctrlD) return onEnd();
        if (key === KEY.ctrlC) return interrupt();
        line = edited(line, key);
      }
    };
    terminal.setRawMode(true);
    terminal.setEncoding('utf8').on('data', onData).on('end', onEnd).on('error', onError);
    signal.addEventListener('abort', onAbort);
    ready();
  });
}

function edited(line: string, key: string): string {
  if (key === KEY.ctrlU) return '';
  if (key === KEY.backspace || key === KEY.ctrlH) return [...line].slice(0, -1).join('');
  return /\p{Cc}/u.test(key) ? line : line + key;
}
