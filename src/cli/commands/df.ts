// longshore df: shows the disk usage of images.

import type { ImageSummary } from '../../index.ts';
import { command } from '../command.ts';
import { numberOf } from '../engine-values.ts';
import { fittedTable } from '../fitted-table.ts';
import type { Column } from '../fitted-table.ts';
import { imageRows, imageTable } from '../listing.ts';
import { humanSize, known } from '../table.ts';
import { notBoth, templateOf, templateOption } from '../template.ts';

export const df = command({
  name: 'df',
  summary: 'Show the disk usage of images only, and how much can be reclaimed',
  usage: '',
  operands: [0, 0],
  options: {
    ...templateOption('.Size'),
    verbose: { type: 'boolean', short: 'v', help: 'Also show each image with its share' },
  },
  async run({ values, io, print, client }) {
    const template = templateOf(values, FIELDS);
    if (template !== undefined && values.verbose === true) throw notBoth('format', 'verbose');
    const usage = await (await client()).diskUsage({ verbose: values.verbose, signal: io.signal });
    if (values.json === true) return print.json(usage);
    const { totalCount, activeCount, totalSize, reclaimable, images } = usage;
    const share = totalSize > 0 && reclaimable >= 0 ? ` (${Math.floor((100 * reclaimable) / totalSize)}%)` : '';
    const cells = ['Images', numberOf(totalCount) ?? '?', numberOf(activeCount) ?? '?'].map(String);
    if (template !== undefined) {
      const [Type, TotalCount, Active] = cells;
      const fields = { Type, TotalCount, Active, Size: humanSize(totalSize), Reclaimable: humanSize(reclaimable) + share };
      return print.text(template([fields]));
    }
    const sizes = [humanSize(totalSize, 3), humanSize(reclaimable, 3) + share];
    await print.text(fittedTable(COLUMNS, [[...cells, ...sizes]], print.columns));
    if (images === undefined) return;
    await print.text('\n' + imageTable(imageRows(images, {}), { ids: 'short', nowMs: io.now(), room: print.columns }, SHARES));
  },
});

const FIELDS = { Type: '', TotalCount: 'TOTAL', Active: '', Size: '', Reclaimable: '' } as const;

const COLUMNS: readonly Column[] = [
  { title: 'TYPE', spare: 1 },
  { title: 'TOTAL', spare: 2 },
  { title: 'ACTIVE', spare: 3 },
  { title: 'SIZE' },
  { title: 'RECLAIMABLE' },
];

const SHARES: ReadonlyArray<readonly [Column, (image: ImageSummary) => string]> = [
  [{ title: 'SHARED', spare: 4 }, ({ SharedSize }) => known(SharedSize, (size) => humanSize(size, 3))],
  [{ title: 'UNIQUE', spare: 3 }, ({ Size, SharedSize }) => known(SharedSize, (shared) => humanSize((numberOf(Size) ?? 0) - shared, 3))],
  [{ title: 'CONTAINERS', spare: 5 }, ({ Containers }) => known(Containers, String)],
];
