// longshore prune: removes unused images.

import type { Filters, PrunePlan } from '../../index.ts';
import { command, UsageError } from '../command.ts';
import { imageRows, imageTable, shortId } from '../listing.ts';
import { isForSeveral } from '../operands.ts';
import { printable } from '../printable.ts';
import { line } from '../printer.ts';
import { parseFilters } from '../shared-options.ts';
import { humanSize } from '../table.ts';
import { removalLines } from './rm.ts';

export const prune = command({
  name: 'prune',
  summary: 'Remove unused images',
  usage: '',
  operands: [0, 0],
  fleet: true,
  options: {
    all: { type: 'boolean', short: 'a', help: 'Also remove unused images that have a tag' },
    filter: { type: 'string', multiple: true, value: 'KEY=VALUE', help: 'Only images that match; repeatable' },
    force: { type: 'boolean', short: 'f', help: 'Do not ask for confirmation' },
    'dry-run': { type: 'boolean', help: 'Show what would be removed, and remove nothing' },
  },
  check: (values) => void pruneFilters(values),
  question(values) {
    if (values['dry-run'] === true) return undefined;
    const { dangling, ...others } = pruneFilters(values);
    const conditions = Object.entries(others).flatMap(([key, texts]) => texts.map((text) => `${key}=${text}`));
    const which = dangling?.[0] === 'false' ? ALL : 'all untagged images that no container uses';
    return `This removes ${which}${conditions.length > 0 ? ` and that match ${printable(conditions.join(' and '))}` : ''}.`;
  },
  async run({ values, io, print, client }) {
    const filters: Filters = pruneFilters(values);
    if (values['dry-run'] === true) {
      const plan = await (await client()).prunePlan({ filters, signal: io.signal });
      if (values.json === true) return print.json(plan);
      const text = planText(plan, values.quiet === true, io.now(), print.columns);
      return print.text(isForSeveral(values) ? text.replace(/^REPOSITORY.*\n/, '') : text); // the table of all engines has its own headings
    }
    const result = await (await client()).pruneImages({ filters, signal: io.signal });
    if (values.json === true) return print.json(result);
    const total = line(`Total reclaimed space: ${humanSize(result.SpaceReclaimed)}`);
    return print.text((values.quiet === true ? '' : removalLines(result.ImagesDeleted)) + total);
  },
});

/** Formats a plan: the images, the names that others would lose, and a sum. */
function planText({ images, untagged, freesAtMost }: PrunePlan, quiet: boolean, nowMs: number, room: number): string {
  if (quiet) return images.map(({ Id }) => line(shortId(Id))).join('');
  const table = images.length === 0 ? '' : imageTable(imageRows(images, {}), { ids: 'short', nowMs, room });
  const names = untagged.map((name) => line(`Would untag: ${name} (its image stays)`)).join('');
  const what = images.length === 1 ? '1 image' : `${images.length} images`;
  return table + names + line(`Would remove ${what} and free at most ${humanSize(freesAtMost)}`);
}

const ALL = 'all images that no container uses (Podman keeps untagged images)';

/** The values of `dangling`. Docker accepts these four; Podman accepts every boolean of Go. */
const DANGLING: Readonly<Record<string, string>> = { true: 'true', 1: 'true', false: 'false', 0: 'false' };

/**
 * Returns the filters of `--all` and `--filter`. Rejects filters that engines interpret in a dangerous way: Docker and Podman
 * ignore an empty `label!`, Docker 20.10 treats `dangling=true` with `dangling=false` as `false`, and the containerd store uses
 * only the last of two `until`.
 */
function pruneFilters({ all, filter }: { readonly all?: boolean | undefined; readonly filter?: readonly string[] | undefined }): Record<string, readonly string[]> {
  const { dangling = [], ...filters } = parseFilters(filter);
  for (const [key, texts] of Object.entries(filters)) {
    // A label is `name` or `name=value`.
    const empty = texts.find((text) => text.split('=', 1)[0]?.trim() === '');
    if (empty !== undefined) throw new UsageError(`--filter "${key}=${empty}" has no value: give a value, or omit the filter`);
  }
  if ((filters['until']?.length ?? 0) > 1) throw new UsageError('give --filter until=... only once: engines use only one');
  const wanted = new Set(dangling.map((text) => DANGLING[text] ?? notBoolean(text)));
  if (all === true && wanted.has('true')) {
    throw new UsageError('--all and --filter dangling=true contradict each other: give only one of them');
  }
  if (wanted.size > 1) throw new UsageError('--filter dangling=true and dangling=false contradict each other: give only one of them');
  if (all === true) wanted.add('false');
  return wanted.size === 0 ? filters : { ...filters, dangling: [...wanted] };
}

function notBoolean(text: string): never {
  throw new UsageError(`--filter dangling must be true, 1, false or 0, not "${text}"`);
}
