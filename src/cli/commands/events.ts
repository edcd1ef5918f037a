// longshore events: prints image events as they happen.

import type { ImageEvent, ReconnectedEvent } from '../../index.ts';
import { command } from '../command.ts';
import { membersOf, numberOf, textOf } from '../engine-values.ts';
import { line } from '../printer.ts';
import { filterOption, parseFilters, parseTime } from '../shared-options.ts';

export const events = command({
  name: 'events',
  summary: 'Print events of images only, until Ctrl-C or --until',
  usage: '',
  operands: [0, 0],
  options: {
    ...filterOption,
    since: { type: 'string', value: 'TIME', help: 'Start: a date, or a duration ago such as 1h30m' },
    until: { type: 'string', value: 'TIME', help: 'End: a date or a duration ago' },
    reconnect: { type: 'boolean', help: 'Go on after a lost connection' },
  },
  async run({ values, io, print, client }) {
    const time = (option: 'since' | 'until'): number | undefined => parseTime(option, values[option], io.now());
    const { reconnect } = values;
    const options = { since: time('since'), until: time('until'), filters: parseFilters(values.filter), reconnect, signal: io.signal };
    for await (const event of (await client()).events(options)) {
      if (values.json === true) await print.event(event);
      else if (event.type === 'reconnected') await io.stderr.write(`longshore events: ${reconnectionText(event)}\n`);
      else await print.text(line(eventLine(event)));
    }
  },
});

function reconnectionText({ gapMs, complete }: ReconnectedEvent): string {
  const missing = complete ? 'no event is missing' : 'events may be missing: the engine did not keep them';
  return `connected again after ${(gapMs / 1000).toFixed(1)} s; ${missing}`;
}

/** Formats an event: `2026-01-01T00:00:00.000Z image pull alpine:3.20 (name=alpine)`. */
function eventLine({ time, timeNano, Type, Action, Actor }: ImageEvent): string {
  const attributes = membersOf(Actor?.Attributes).map(([key, value]) => `${key}=${textOf(value)}`);
  const what = [timeText(time, timeNano), Type, Action, Actor?.ID].map(textOf).join(' ');
  return `${what}${attributes.length > 0 ? ` (${attributes.join(', ')})` : ''}`;
}

/** Formats the time of an event; `?` if it is missing or invalid. */
function timeText(time: unknown, timeNano: unknown): string {
  const nanoseconds = numberOf(timeNano);
  const when = new Date(nanoseconds === undefined ? (numberOf(time) ?? NaN) * 1000 : nanoseconds / 1e6);
  return Number.isNaN(when.getTime()) ? '?' : when.toISOString();
}
