// The keys of a line that the terminal does not show, and the mode of the terminal after it. `terminal.test.ts` uses a real terminal.

import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { hiddenLine } from '../../src/cli/hidden-line.ts';
import type { RawTerminal } from '../../src/cli/hidden-line.ts';

/** A terminal that records its modes. */
class Terminal extends EventEmitter {
  readonly did: string[] = [];
  setRawMode(isRaw: boolean): this {
    this.did.push(isRaw ? 'raw' : 'normal');
    return this;
  }
  setEncoding(): this {
    return this;
  }
  pause(): this {
    this.did.push('pause');
    return this;
  }
}

function start(): { terminal: Terminal; stop: AbortController; line: Promise<string> } {
  const terminal = new Terminal();
  const stop = new AbortController();
  const ready = (): void => void terminal.did.push('ready');
  const interrupt = (): void => stop.abort(new Error('interrupted'));
  return { terminal, stop, line: hiddenLine(terminal as unknown as RawTerminal, ready, interrupt, stop.signal) };
}

function expectRestored({ did, ...terminal }: Terminal): void {
  expect(did).toEqual(['raw', 'ready', 'pause', 'normal']);
  expect(['data', 'end', 'error'].map((name) => EventEmitter.prototype.listenerCount.call(terminal, name))).toEqual([0, 0, 0]);
}

describe('a hidden line', () => {
  it.each<[typed: string[], line: string]>([
    [['secretpw\r'], 'secretpw'],
    [['secretpw\n'], 'secretpw'],
    [['sec', 'ret', 'pw', '\r'], 'secretpw'],
    [['wrong\x15right\r'], 'right'], // Ctrl-U
    [['righx\x7ft\r'], 'right'], // Backspace
    [['righ🔑\x7ft\r'], 'right'],
    [['righx\bt\r'], 'right'],
    [['\x7f\x7fright\r'], 'right'],
    [['right\x04'], 'right'], // Ctrl-D
    [['\x04'], ''],
    [['\x1b[200~ri\x1b[Dght\x1b[201~\x1bOA\r'], 'right'], // pasted text, and arrow keys
    [['ri\x1a\x1c\0ght\r'], 'right'],
    [['a b:ü\r'], 'a b:ü'],
    [['right\rrest'], 'right'],
  ])('%j is %j', async (typed, line) => {
    const { terminal, line: promise } = start();
    for (const text of typed) terminal.emit('data', text);
    expect(await promise).toBe(line);
    expectRestored(terminal);
  });

  it('at the end of the input is what was typed', async () => {
    const { terminal, line } = start();
    terminal.emit('data', 'abc');
    terminal.emit('end');
    expect(await line).toBe('abc');
    expectRestored(terminal);
  });

  it.each<[how: string, message: string, end: (of: ReturnType<typeof start>) => void]>([
    ['Ctrl-C', 'interrupted', ({ terminal }) => terminal.emit('data', 'abc\x03def\r')],
    ['a signal', 'stopped', ({ stop }) => stop.abort(new Error('stopped'))],
    ['an error of the terminal', 'EIO', ({ terminal }) => terminal.emit('error', new Error('EIO'))],
  ])('rejects after %s, and the terminal is restored', async (_how, message, end) => {
    const started = start();
    end(started);
    await expect(started.line).rejects.toThrow(message);
    expectRestored(started.terminal);
  });

  it('does not change the terminal if the signal is already aborted', () => {
    const terminal = new Terminal();
    const ask = (): unknown => hiddenLine(terminal as unknown as RawTerminal, () => {}, () => {}, AbortSignal.abort(new Error('stopped')));
    expect(ask).toThrow('stopped');
    expect(terminal.did).toEqual([]);
  });
});
