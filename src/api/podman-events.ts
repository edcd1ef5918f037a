// Docker's events, asked of Podman: what must be said otherwise there to mean the same.

import type { ArgumentsOf } from './parameters.ts';
import type { endpoints } from './endpoints.ts';
import { mergeFilters } from './filters.ts';

/** What events are asked for with. */
export type EventsArguments = ArgumentsOf<(typeof endpoints)['events']>;

/**
 * How long Podman is given to read its log, in seconds. It stops reading at `until`: at one that is past, before it has
 * begun, and then gives nothing without an error (4.3 and 5.4; its `stream=false` ends too early just so). The log is
 * of 1 MB at most by default, and is read in a few milliseconds.
 */
export const PODMAN_READING_S = 2;

/** Podman's names of actions where Docker has others. 4.3 and 5.4 call a removal "delete", and filter it by "remove". */
const actions: ReadonlyMap<string, string> = new Map([
  ['delete', 'remove'],
  ['load', 'loadfromarchive'],
]);

/** The arguments for Podman, whose clock says `now`; events after the true `until` are for the reader to drop. */
export function podmanArguments(args: EventsArguments, now: number | undefined): EventsArguments {
  const { since, until, filters = {} } = args;
  const end = until === undefined || now === undefined ? until : Math.max(inSeconds(until), now + PODMAN_READING_S);
  const { event, ...others } = mergeFilters(filters);
  const renamed = event?.map((action) => actions.get(action) ?? action);
  return { since, until: end, filters: { ...others, ...(renamed && { event: renamed }) } };
}

/** Seconds since 1970. */
export function inSeconds(time: Date | number): number {
  return time instanceof Date ? time.getTime() / 1000 : time;
}
