// `events --reconnect`: the events after a lost connection, and what is said about it.

import { afterEach, expect, it } from 'vitest';
import { Interruption } from '../../../src/cli/command.ts';
import { whileTimePasses } from '../../support/fake-time.ts';
import { cannedDaemon, json } from '../canned-daemon.ts';
import type { Answer, CannedDaemon } from '../canned-daemon.ts';
import { longshore } from '../fake-io.ts';
import type { Outcome } from '../fake-io.ts';

let daemon: CannedDaemon;
afterEach(() => daemon.close());

const event = (name: string): string => `${JSON.stringify({ Type: 'image', Action: 'tag', Actor: { ID: name, Attributes: {} }, time: 1, timeNano: 1e9 })}\n`;

/** Runs `events` until it prints the event `end`, then presses Ctrl-C. The first connection breaks after the event `a`. */
async function run(...options: string[]): Promise<Outcome> {
  const subscriptions: Answer[] = [
    (response) => void response.write(event('a'), () => response.destroy()),
    (response) => void response.write(event('a') + event('end')),
  ];
  const kept: Answer = (response) => void response.end(event('a'));
  daemon = await cannedDaemon({
    'GET /info': json({ SystemTime: '1970-01-01T00:00:00.5Z' }),
    'GET /events': (response, request) => (request.url?.includes('since=') === true ? subscriptions.shift() : kept)?.(response, request),
  });
  const controller = new AbortController();
  const write = async (data: string | Uint8Array): Promise<void> => {
    if (String(data).includes('end')) controller.abort(new Interruption('SIGINT', 130));
  };
  return whileTimePasses(() => longshore(daemon.host, ['events', '--reconnect', ...options], { signal: controller.signal, write }));
}

it('prints each event once, and reports the reconnection on stderr', async () => {
  const { code, stdout, stderr } = await run();
  expect([code, stdout]).toEqual([130, '1970-01-01T00:00:01.000Z image tag a\n1970-01-01T00:00:01.000Z image tag end\n']);
  expect(stderr).toMatch(/^longshore events: connected again after \d+\.\d s; no event is missing\n$/);
});

it('prints the reconnection among the events of --json', async () => {
  const { stdout, stderr } = await run('--json');
  const events = stdout.trim().split('\n').map((text) => JSON.parse(text) as { type?: string; complete?: boolean });
  expect([events.map(({ type, complete }) => [type, complete]), stderr]).toEqual([[[undefined, undefined], ['reconnected', true], [undefined, undefined]], '']);
});

it('advises --reconnect after a lost connection', async () => {
  daemon = await cannedDaemon({ 'GET /events': (response) => void response.write(event('a'), () => response.destroy()) });
  const { code, stderr } = await longshore(daemon.host, ['events']);
  expect([code, stderr.split('\n').slice(1)]).toEqual([1, ['To go on after a lost connection, give --reconnect', '']]);
});
