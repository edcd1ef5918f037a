// longshore df: shows the disk usage of images.

import type { ImageSummary } from '../../index.ts';
import { command } from '../command.ts';
import { numberOf } from '../engine-values.ts';
import { fittedTable } from '../fitted-table.ts';
import type { Column } from '../fitted-table.ts';
import { imageTable } from '../listing.ts';
import { humanSize } from '../table.ts';

export const df = command({
  name: 'df',
  summary: 'Show the disk usage of images, and how much can be reclaimed',
  usage: '',
  operands: [0, 0],
  options: {
    verbose: { type: 'boolean', short: 'v', help: 'Also show each image with its share' },
  },
  async run({ values, io, print, client }) {
    const usage = await (await client()).diskUsage({ verbose: values.verbose, signal: io.signal });
    if (values.json === true) return print.json(usage);
    const { totalCount, activeCount, totalSize, reclaimable, images } = usage;
    const share = totalSize > 0 && reclaimable >= 0 ? ` (${Math.floor((100 * reclaimable) / totalSize)}%)` : '';
    const sizes = [humanSize(totalSize, 3), humanSize(reclaimable, 3) + share];
    const cells = ['Images', numberOf(totalCount) ?? '?', numberOf(activeCount) ?? '?', ...sizes];
    await print.text(fittedTable(COLUMNS, [cells], print.columns));
    if (images === undefined) return;
    await print.text('\n' + imageTable(images, { ids: 'short', nowMs: io.now(), room: print.columns }, SHARES));
  },
});

const COLUMNS: readonly Column[] = [
  { title: 'TYPE', spare: 1 },
  { title: 'TOTAL', spare: 2 },
  { title: 'ACTIVE', spare: 3 },
  { title: 'SIZE' },
  { title: 'RECLAIMABLE' },
];

/** Formats a value. Returns an empty cell for a value below 0, which engines send for an unknown value. */
const known = (value: unknown, text: (value: number) => string): string => {
  const given = numberOf(value) ?? -1;
  return given < 0 ? '' : text(given);
};

const SHARES: ReadonlyArray<readonly [Column, (image: ImageSummary) => string]> = [
  [{ title: 'SHARED', spare: 4 }, ({ SharedSize }) => known(SharedSize, (size) => humanSize(size, 3))],
  [{ title: 'UNIQUE', spare: 3 }, ({ Size, SharedSize }) => known(SharedSize, (shared) => humanSize((numberOf(Size) ?? 0) - shared, 3))],
  [{ title: 'CONTAINERS', spare: 5 }, ({ Containers }) => known(Containers, String)],
];
