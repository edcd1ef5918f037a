// longshore prune: what nothing uses goes.

import { command } from '../command.ts';
import { line } from '../printer.ts';
import { parseFilters } from '../shared-options.ts';
import { humanSize } from '../table.ts';
import { removalLines } from './rm.ts';

export const prune = command({
  name: 'prune',
  summary: 'Remove the images that nothing uses',
  usage: '',
  operands: [0, 0],
  fleet: true,
  options: {
    all: { type: 'boolean', short: 'a', help: 'Also those that have a name' },
    filter: { type: 'string', multiple: true, value: 'KEY=VALUE', help: 'Only those; may be repeated' },
    force: { type: 'boolean', short: 'f', help: 'Do not ask' },
  },
  question({ all, filter = [] }) {
    const which = all === true ? 'every image that no container uses' : 'the images without a name that no container uses';
    return `This removes ${which}${filter.length > 0 ? `, of ${filter.join(' ')}` : ''}.`;
  },
  async run({ values, io, print, client }) {
    const filters = { ...parseFilters(values.filter), ...(values.all === true && { dangling: false }) };
    const result = await (await client()).pruneImages({ filters, signal: io.signal });
    if (values.json === true) return print.json(result);
    const total = line(`Total reclaimed space: ${humanSize(result.SpaceReclaimed)}`);
    return print.text((values.quiet === true ? '' : removalLines(result.ImagesDeleted)) + total);
  },
});
