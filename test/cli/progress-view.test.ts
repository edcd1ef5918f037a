// Frames on terminals of several widths, and plain lines, from events as engines send them.

import { describe, expect, it } from 'vitest';
import type { LayerEvent, ProgressEvent } from '../../src/index.ts';
import { widthOf } from '../../src/cli/printable.ts';
import { FRAME_MS, plainView, terminalView } from '../../src/cli/progress-view.ts';
import type { ProgressView } from '../../src/cli/progress-view.ts';
import { screenAfter } from './screen.ts';

const nothing = { current: undefined, total: undefined, units: undefined };
const layer = (id: string, status: string, more: Partial<LayerEvent> = {}): LayerEvent => {
  return { type: 'layer', id, status, ...nothing, ...more };
};
const headline = (status: string, id?: string): ProgressEvent => ({ type: 'headline', id, status });

const A = 'ca7c512ed85c';
const B = 'cf77c93bfcd1';

/** A pull of two layers, as Docker 20.10 reports it. */
const pulling: readonly ProgressEvent[] = [
  headline('Pulling from library/x', '1'),
  layer(A, 'Pulling fs layer'),
  layer(B, 'Pulling fs layer'),
  layer(B, 'Waiting'),
  layer(A, 'Downloading', { current: 80_026, total: 8_002_600 }),
  layer(A, 'Downloading', { current: 4_001_300, total: 8_002_600 }),
  layer(A, 'Verifying Checksum'),
  layer(A, 'Download complete'),
  layer(B, 'Downloading', { current: 123_456_789, total: 987_654_321 }),
  layer(A, 'Extracting', { current: 98_304, total: 8_002_600 }),
];
const done: readonly ProgressEvent[] = [
  layer(A, 'Pull complete'),
  layer(B, 'Pull complete'),
  headline('Digest: sha256:29cdd2'),
  headline('Status: Downloaded newer image for x:1'),
];

const screen = (columns: number, rows = 24) => ({ columns: () => columns, rows: () => rows });

/** The output if each event comes one second after the one before. */
function written(view: ProgressView, events: readonly ProgressEvent[], from = 0): string {
  return events.map((event, index) => view.take(event, from + index * 1000)).join('');
}

describe('on a terminal', () => {
  it('writes nothing before the first event, however long the engine takes', () => {
    const view = terminalView(screen(80));
    expect([view.tick(0), view.tick(10_000), view.finish()]).toEqual(['', '', '']);
  });

  it.each([
    [
      40,
      [
        '1: Pulling from library/x',
        'ca7c512ed85c: Extracting           1%',
        'cf77c93bfcd1: Downloading         12%',
        'Total:  13% of 995.7MB 26.3MB/s 33s',
      ],
    ],
    [
      80,
      [
        '1: Pulling from library/x',
        'ca7c512ed85c: Extracting         [>                           ]  98.3kB/8.003MB',
        'cf77c93bfcd1: Downloading        [===>                        ] 123.5MB/987.7MB',
        'Total:  13%                      26.3MB/s 33s left              131.5MB/995.7MB',
      ],
    ],
    [
      200,
      [
        '1: Pulling from library/x',
        'ca7c512ed85c: Extracting         [>                                                 ]  98.3kB/8.003MB',
        'cf77c93bfcd1: Downloading        [======>                                           ] 123.5MB/987.7MB',
        'Total:  13%                      [======>                                           ] 131.5MB/995.7MB  26.3MB/s 33s left',
      ],
    ],
  ])('%d columns wide, a line for each layer and one for all are painted over in their place', (columns, lines) => {
    const view = terminalView(screen(columns));
    const first = written(view, pulling);
    expect(screenAfter(first, columns)).toEqual(lines);
    const rest = written(view, done, 60_000) + view.finish();
    expect(screenAfter(first + rest, columns)).toEqual([
      '1: Pulling from library/x',
      'ca7c512ed85c: Pull complete',
      'cf77c93bfcd1: Pull complete',
      'Digest: sha256:29cdd2',
      'Status: Downloaded newer image for x:1',
    ]);
  });

  it.each([1, 2, 10, 20, 37, 48, 60, 120])('no line of a frame reaches column %d', (columns) => {
    const frames = written(terminalView(screen(columns)), pulling.slice(1)).split('\n');
    for (const line of frames) expect(widthOf(line.replace(/\x1b\[\??\d*[A-Za-z]|\r/g, ''))).toBeLessThan(columns);
  });

  it('a headline begins a new table, because a pull of all tags repeats ids', () => {
    const view = terminalView(screen(80));
    const text = written(view, [
      headline('Pulling from x', '1'),
      layer(A, 'Pull complete'),
      headline('Pulling from x', '2'),
      layer(A, 'Already exists'),
    ]);
    expect(screenAfter(text, 80)).toEqual([
      '1: Pulling from x',
      'ca7c512ed85c: Pull complete',
      '2: Pulling from x',
      'ca7c512ed85c: Already exists',
    ]);
  });

  it('paints at most one frame in 50 ms, and later changes in the next frame', () => {
    const view = terminalView(screen(80));
    const step = (current: number, now: number): string =>
      view.take(layer(A, 'Downloading', { current, total: 100 }), now);
    expect(step(1, 0)).not.toBe('');
    expect([step(2, 1), step(3, 49), view.tick(49)]).toEqual(['', '', '']);
    expect(view.tick(FRAME_MS)).toContain('3B/100B');
    expect(view.tick(2 * FRAME_MS)).toBe(''); // nothing has changed
  });

  it('paints the last frame, however soon the end comes', () => {
    const view = terminalView(screen(80));
    view.take(layer(A, 'Pushing', { current: 1, total: 2 }), 0);
    view.take(layer(A, 'Pushed'), 1);
    expect(view.finish()).toContain('ca7c512ed85c: Pushed');
    expect(view.finish()).toBe('');
  });

  it.each<[string, Partial<LayerEvent>, string]>([
    ['more than the total is the total', { current: 10_240, total: 11 }, '11B/11B'],
    ['shows no bar without a total', { current: 10_240 }, 'ca7c512ed85c: Working            10.24kB'],
    ['seconds are seconds', { current: 7, units: 's' }, 'ca7c512ed85c: Working            7s'],
    ['units of others are escaped', { current: 7, units: '\x1b[2J' }, '7\\u{1b}[2J'],
  ])('%s', (_, measure, expected) => {
    expect(screenAfter(written(terminalView(screen(80)), [layer(A, 'Working', measure)]), 80)[0]).toContain(expected);
  });

  it('keeps a total that one event leaves out', () => {
    const events = [layer(A, 'Downloading', { current: 1, total: 4 }), layer(A, 'Downloading', { current: 2 })];
    expect(written(terminalView(screen(80)), events)).toContain('2B/4B');
  });

  it('does not measure an extraction by the seconds of its download', () => {
    const events = [layer(A, 'Pulling', { current: 1, total: 4 }), layer(A, 'Pulling', { current: 2, units: 's' })];
    expect(screenAfter(written(terminalView(screen(80)), events), 80)).toEqual([`${A}: Pulling            2s`]);
  });

  it('shows the unfinished layers if there are more layers than rows, and all layers at the end', () => {
    const ids = Array.from({ length: 30 }, (_, index) => `layer${index}`);
    const view = terminalView(screen(80, 10));
    const named = ids.map((id) => layer(id, 'Pulling fs layer'));
    const text = written(view, [...named, ...ids.slice(0, 25).map((id) => layer(id, 'Already exists'))]);
    const shown = ['25 of 30 layers done', ...ids.slice(25).map((id) => `${id}: Pulling fs layer`)];
    expect(screenAfter(text, 80)).toEqual([...shown, expect.stringMatching(/^Total: {3}0% +\[> +\] +0B$/)]);
    expect(screenAfter(text + view.finish(), 80)).toHaveLength(30);
  });

  it('shows the transferred bytes in its total, and the size when each layer has reported it', () => {
    const view = terminalView(screen(100));
    const named = [layer(A, 'Pulling fs layer'), layer(B, 'Waiting')];
    const text = written(view, [...named, layer(A, 'Downloading', { current: 5, total: 7 })]);
    expect(screenAfter(text, 100)[2]).toMatch(/^Total: {3}0% .*\] {14}5B  5B\/s$/);
    const next = written(view, [layer(B, 'Downloading', { current: 1, total: 3 })], 60_000);
    expect(screenAfter(text + next, 100)[2]).toMatch(/^Total: {2}60% .*\] {10}6B\/10B  0B\/s$/);
  });

  it('has a total without a percentage while the size is unknown, as in a load', () => {
    const events = [A, B].map((id) => layer(id, 'Loading layer', { current: 2, total: 2 }));
    expect(screenAfter(written(terminalView(screen(60)), events), 60)[2]).toBe('Total 4B 2B/s');
  });

  it('has no total if the only layer has nothing to transfer, or if there are fewer than three rows', () => {
    const one = (status: string, total?: number): string => written(terminalView(screen(80)), [layer(A, status, { current: 1, total })]);
    expect([one('Already exists').includes('Total'), one('Pushing', 2).includes('Total')]).toEqual([false, true]);
    const two = [layer(A, 'Pushing', { current: 1, total: 2 }), layer(B, 'Preparing')];
    expect(written(terminalView(screen(80, 3)), two)).not.toContain('Total');
    expect(written(terminalView(screen(80, 4)), two)).toContain('Total');
  });

  it('continues below a warning with all its layers', () => {
    const view = terminalView(screen(80));
    const text = written(view, [
      layer(A, 'Preparing'),
      layer(B, 'Preparing'),
      { type: 'warning', text: 'WARNING: old' },
      layer(B, 'Pushed'),
    ]);
    const first = [`${A}: Preparing`, `${B}: Preparing`, 'WARNING: old'];
    expect(screenAfter(text + view.finish(), 80)).toEqual([...first, `${A}: Preparing`, `${B}: Pushed`]);
  });

  it('never moves up more rows than the screen has', () => {
    const view = terminalView(screen(80, 10));
    const text = written(view, Array.from({ length: 30 }, (_, index) => layer(`layer${index}`, 'Waiting')));
    const climbs = [...text.matchAll(/\x1b\[(\d+)A/g)].map((match) => Number(match[1]));
    expect(Math.max(...climbs)).toBe(9);
  });

  it('moves up over the lines that a narrower window has wrapped', () => {
    let columns = 80;
    const view = terminalView({ columns: () => columns, rows: () => 24 });
    view.take(layer(A, 'Downloading', { current: 1, total: 4 }), 0); // 79 columns; the line of the total has 79, too
    columns = 40;
    expect(view.take(layer(A, 'Downloading', { current: 2, total: 4 }), 1000)).toMatch(/^\x1b\[4A/);
  });

  it('does not show aux events, and escapes messages', () => {
    const view = terminalView(screen(80));
    expect(view.take({ type: 'aux', id: undefined, aux: { Digest: 'sha256:1' } }, 0)).toBe('');
    expect(view.take({ type: 'stream', text: 'one\r\ntwo\x1b[2J\n' }, 0)).toBe('one\ntwo\\u{1b}[2J\n');
    expect(view.take({ type: 'warning', text: 'WARNING: \u202eold' }, 0)).toBe('WARNING: \\u{202e}old\n');
    expect(view.take(layer('\x1b[H', '\x07'), 0)).toContain('\\u{1b}[H: \\u{7}');
  });
});

describe('elsewhere', () => {
  it('a line is written when the status of a layer changes, never for each read', () => {
    expect(written(plainView(), [...pulling, ...done]).split('\n')).toEqual([
      '1: Pulling from library/x',
      'ca7c512ed85c: Pulling fs layer',
      'cf77c93bfcd1: Pulling fs layer',
      'cf77c93bfcd1: Waiting',
      'ca7c512ed85c: Downloading',
      'ca7c512ed85c: Verifying Checksum',
      'ca7c512ed85c: Download complete',
      'cf77c93bfcd1: Downloading',
      'ca7c512ed85c: Extracting',
      'ca7c512ed85c: Pull complete',
      'cf77c93bfcd1: Pull complete',
      'Digest: sha256:29cdd2',
      'Status: Downloaded newer image for x:1',
      '',
    ]);
  });

  it('a countdown of Docker is one line', () => {
    const statuses = ['Downloading', 'Retrying in 5 seconds', 'Retrying in 4 seconds', 'Retrying in 1 second', 'Downloading', 'Retrying in 10 seconds'];
    expect(written(plainView(), statuses.map((status) => layer(A, status)))).toBe(
      [statuses[0], statuses[1], statuses[4], statuses[5]].map((status) => `${A}: ${status}\n`).join(''),
    );
  });

  it('a headline starts again, and no line is pending', () => {
    const view = plainView();
    const events = [layer(A, 'Pull complete'), headline('Pulling from x', '2'), layer(A, 'Pull complete')];
    expect(written(view, events)).toBe(`${A}: Pull complete\n2: Pulling from x\n${A}: Pull complete\n`);
    expect([view.tick(0), view.finish()]).toEqual(['', '']);
  });

  it('keeps and shows 4,096 layers and lines of 1,024 characters, and at its end the number of the others', () => {
    const view = plainView();
    const ids = Array.from({ length: 5000 }, (_, index) => layer(`layer${index}`, 'Waiting'));
    const long = ['a'.repeat(20_000), A].map((id) => layer(id, 'Waiting '.padEnd(1024, 'x')));
    expect(written(view, [...ids, ...long, layer('layer0', 'Pushed')]).split('\n')).toHaveLength(4096 + 1 + 1);
    expect(view.finish()).toBe('906 more lines about layers were not shown\n');
  });

  it('shows a line of 1,024 characters about a layer, and only counts longer ones', () => {
    const view = plainView();
    const longest = 'x'.repeat(1024 - A.length);
    const events = [layer(A, longest), layer(A, `${longest}x`), layer('a'.repeat(1024), 'x')];
    expect(written(view, events)).toBe(`${A}: ${longest}\n`);
    expect(view.finish()).toBe('2 more lines about layers were not shown\n');
  });
});
