// A real terminal of any size: tmux, whose screen can be read.

import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { lacking } from '../support/installed.ts';

/** Why tests that need it are skipped; `undefined` where it is installed. */
export const noTmux: string | undefined = lacking('tmux');

const file = process.env['TEST_TARGET'] === 'src' ? 'src/cli/main.ts' : 'dist/cli/main.js';
const main = fileURLToPath(new URL(`../../${file}`, import.meta.url));

export interface Terminal {
  /** Whether there is still a server. */
  isOpen(): boolean;
  /** The lines on the screen, without blanks at their ends and without the empty ones below. */
  screen(): string[];
  /** Resolves when the screen shows that. */
  shows(what: string | RegExp): Promise<void>;
  /** Keys as tmux names them: `C-c`, `Enter`. */
  press(...keys: string[]): void;
  resize(columns: number): void;
  isCursorShown(): boolean;
  close(): void;
}

let opened = 0;

/** A window in which `longshore` runs with those arguments; at its end the screen says `exit CODE`. It ends with its owner. */
export function openTerminal(columns: number, argv: readonly string[], host: string, rows = 24, owner = process.pid): Terminal {
  const socket = `longshore-test-${process.pid}-${++opened}`;
  const tmux = (...words: string[]): string => execFileSync('tmux', ['-u', '-L', socket, '-f', '/dev/null', ...words]).toString();
  const quoted = [process.execPath, main, ...argv].map((word) => `'${word.replace(/'/g, `'\\''`)}'`).join(' ');
  // tmux leaves its server behind as a process of its own: the server ends when its owner has ended.
  const watch = `while kill -0 ${owner} 2>/dev/null; do sleep 1; done; exec tmux -L ${socket} kill-server`;
  const script = `(${watch}) & DOCKER_HOST='${host}' ${quoted}; echo "exit $?"; exec cat`;
  tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), script);
  const screen = (): string[] => tmux('capture-pane', '-p').trimEnd().split('\n').map((line) => line.trimEnd());
  return {
    isOpen: () => spawnSync('tmux', ['-L', socket, 'has-session']).status === 0,
    screen,
    shows: (what) => expect.poll(() => screen().join('\n'), { timeout: 10_000, interval: 50 })[typeof what === 'string' ? 'toContain' : 'toMatch'](what as string),
    press: (...keys) => void tmux('send-keys', ...keys),
    resize: (width) => void tmux('resize-window', '-x', String(width), '-y', String(rows)),
    isCursorShown: () => tmux('display-message', '-p', '#{cursor_flag}').trim() === '1',
    close: () => void spawnSync('tmux', ['-L', socket, 'kill-server']),
  };
}
