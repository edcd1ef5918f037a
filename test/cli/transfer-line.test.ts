// The progress line of a save or an upload.

import { describe, expect, it } from 'vitest';
import { transferLine } from '../../src/cli/transfer-line.ts';
import { terminalView } from '../../src/cli/progress-view.ts';
import { screenAfter } from './screen.ts';

describe('the line of a transfer', () => {
  it.each<[number, number | undefined, number | undefined, number, string]>([
    // bytes, total, bytes a second, columns
    [0, undefined, undefined, 79, 'Saving  0B'],
    [45_200_000, undefined, 12_000_000, 79, 'Saving  45.2MB  12MB/s'],
    [45_200_000, 100_000_000, 12_000_000, 79, 'Saving  45.2MB/100MB  45%  12MB/s  5s left'],
    [100_000_000, 100_000_000, 12_000_000, 79, 'Saving  100MB/100MB  100%  12MB/s'],
    [7, 5, undefined, 79, 'Saving  7B/5B  100%'], // a file that grew
    [0, 0, 0, 79, 'Saving  0B/0B  0B/s'],
    [45_200_000, 100_000_000, 12_000_000, 20, 'Saving  45.2MB/100M…'],
  ])('of %j of %j bytes at %j a second, in %j columns, is "%s"', (bytes, total, rate, columns, line) => {
    expect(transferLine('Saving', { bytes, total }, rate, columns)).toBe(line);
  });
});

describe('the terminal view of a load', () => {
  it('shows the upload below the layers, and erases it at the end', () => {
    const view = terminalView({ columns: () => 80, rows: () => 24 });
    let written = view.take({ type: 'upload', bytes: 0, total: 4000 }, 0);
    written += view.take({ type: 'upload', bytes: 1000, total: 4000 }, 1000);
    expect(screenAfter(written, 80)).toEqual(['Uploading  1kB/4kB  25%  1kB/s  3s left']);
    written += view.take({ type: 'layer', id: 'ca7c512ed85c', status: 'Loading layer', current: 1, total: 2, units: undefined }, 2000);
    const lines = screenAfter(written, 80);
    expect([lines[0]?.slice(0, 27), lines.at(-1)?.slice(0, 18)]).toEqual(['ca7c512ed85c: Loading layer', 'Uploading  1kB/4kB']);
    written += view.finish();
    expect(screenAfter(written, 80)).toEqual([expect.stringContaining('Loading layer')]);
  });
});
