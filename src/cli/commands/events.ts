// longshore events: what happens to images, as it happens.

import type { ImageEvent } from '../../index.ts';
import { command } from '../command.ts';
import { membersOf, numberOf, textOf } from '../engine-values.ts';
import { line } from '../printer.ts';
import { filterOption, parseFilters, parseTime } from '../shared-options.ts';

export const events = command({
  name: 'events',
  summary: 'Tell what happens to images, until Ctrl-C or --until',
  usage: '',
  operands: [0, 0],
  options: {
    ...filterOption,
    since: { type: 'string', value: 'TIME', help: 'From then on: a date, or how long ago, as 1h30m' },
    until: { type: 'string', value: 'TIME', help: 'Until then, which may be past' },
  },
  async run({ values, io, print, client }) {
    const time = (option: 'since' | 'until'): number | undefined => parseTime(option, values[option], io.now());
    const options = { since: time('since'), until: time('until'), filters: parseFilters(values.filter), signal: io.signal };
    for await (const event of (await client()).events(options)) {
      await (values.json === true ? print.event(event) : print.text(line(eventLine(event))));
    }
  },
});

/** `2026-01-01T00:00:00.000Z image pull alpine:3.20 (name=alpine)` */
function eventLine({ time, timeNano, Type, Action, Actor }: ImageEvent): string {
  const attributes = membersOf(Actor?.Attributes).map(([key, value]) => `${key}=${textOf(value)}`);
  const what = [timeText(time, timeNano), Type, Action, Actor?.ID].map(textOf).join(' ');
  return `${what}${attributes.length > 0 ? ` (${attributes.join(', ')})` : ''}`;
}

/** `?` where the engine says no time, or one that no calendar has. */
function timeText(time: unknown, timeNano: unknown): string {
  const nanoseconds = numberOf(timeNano);
  const when = new Date(nanoseconds === undefined ? (numberOf(time) ?? NaN) * 1000 : nanoseconds / 1e6);
  return Number.isNaN(when.getTime()) ? '?' : when.toISOString();
}
