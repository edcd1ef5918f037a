// The option --retry: how often a command tries, what it reports, and when it stops.

import { afterEach, describe, expect, it } from 'vitest';
import { Interruption } from '../../src/cli/command.ts';
import { cannedDaemon, progress, status } from './canned-daemon.ts';
import type { Answer, CannedDaemon } from './canned-daemon.ts';
import { longshore } from './fake-io.ts';
import type { Outcome } from './fake-io.ts';
import { whileTimePasses } from '../support/fake-time.ts';

const daemons: CannedDaemon[] = [];
afterEach(() => Promise.all(daemons.splice(0).map((daemon) => daemon.close())));

const limited = status(429, 'toomanyrequests: retry-after: 2s, allowed: 44000/minute');
const done = progress({ status: 'Status: Image is up to date for a:1' });
/** An engine that gives these answers to pulls, one after the other. */
async function engine(...answers: Answer[]): Promise<CannedDaemon> {
  const daemon = await cannedDaemon({ 'POST /images/create': (response, request) => answers.shift()?.(response, request) });
  daemons.push(daemon);
  return daemon;
}
const timeless = (text: string): string => text.replaceAll(/\d+\.\d s/g, 'N s');

describe('--retry', () => {
  it('tries again after a transient error, and reports each failed try on one line', async () => {
    const { host, requests } = await engine(limited, (response) => response.destroy(), done);
    const { code, stdout, stderr } = await whileTimePasses(() => longshore(host, ['pull', 'a:1', '--retry', '2', '-q']));
    expect([code, stdout, requests.length]).toEqual([0, 'docker.io/library/a:1\n', 3]);
    const lines = stderr.split('\n');
    expect(lines[0]).toBe(
      'longshore pull: try 1 of 3 of a:1 failed, next one in 2.0 s: the engine answered 429: toomanyrequests: retry-after: 2s, allowed: 44000/minute',
    );
    expect(timeless(lines[1] ?? '')).toMatch(/^longshore pull: try 2 of 3 of a:1 failed, next one in N s: .*the connection/);
    expect(lines).toHaveLength(3);
  });

  it('reports the last error when no try is left, and continues with the next operand', async () => {
    const { host, requests } = await engine(limited, limited, done);
    const { code, stdout, stderr } = await whileTimePasses(() => longshore(host, ['pull', 'a:1', 'b:1', '--retry', '1']));
    expect([code, stdout, requests.length]).toEqual([1, 'docker.io/library/b:1\n', 3]);
    expect(stderr.match(/^longshore pull: .*answered 429/gm)).toHaveLength(2);
  });

  it('does not try again after another error, and not without the option', async () => {
    const first = await engine(status(404, 'no such image'));
    expect(await longshore(first.host, ['pull', 'a:1', '--retry', '5'])).toMatchObject({ code: 1 });
    const second = await engine(limited);
    expect(await longshore(second.host, ['pull', 'a:1'])).toMatchObject({ code: 1 });
    expect([first, second].map(({ requests }) => requests.length)).toEqual([1, 1]);
  });

  it('is an event of its own with --json, so that the events of two tries can be told apart', async () => {
    const failing = progress({ status: 'Waiting', id: 'aaaaaaaaaaaa', progressDetail: {} }, { errorDetail: { message: 'toomanyrequests: slow down' }, error: 'toomanyrequests: slow down' });
    const { host } = await engine(failing, done);
    const { code, stdout } = await whileTimePasses(() => longshore(host, ['pull', 'a:1', '--retry', '1', '--json']));
    const events = stdout.trimEnd().split('\n').map((each) => JSON.parse(each) as { type: string });
    expect([code, events.map(({ type }) => type)]).toEqual([0, ['layer', 'retry', 'headline', 'result']]);
    expect(events[1]).toEqual({
      type: 'retry', attempt: 1, attempts: 2, delayMs: expect.any(Number) as number, error: 'the engine reported an error: toomanyrequests: slow down',
    });
  });

  it('stops when a signal arrives, and does not try again', async () => {
    const { host, requests } = await engine(limited);
    const controller = new AbortController();
    const outcome = longshore(host, ['pull', 'a:1', 'b:1', '--retry', '5'], { signal: controller.signal });
    while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Interruption('SIGINT', 130));
    expect([(await outcome).code, requests.length]).toEqual([130, 1]);
  });

  it('works on each of several engines by itself', async () => {
    const [one, two] = [await engine(limited, done), await engine(done)];
    const argv = ['pull', 'a:1', '--retry', '1', '-H', one.host, '-H', two.host];
    const { code, stderr } = await whileTimePasses((): Promise<Outcome> => longshore('', argv));
    expect([code, one.requests.length, two.requests.length]).toEqual([0, 2, 1]);
    expect(stderr.match(/\| longshore pull: try 1 of 2 of a:1 failed/g)).toHaveLength(1);
  });

  it.each(['pull', 'push', 'copy'])('of %s must be a whole number, and its operands are checked before the first request', async (name) => {
    const { host, requests } = await engine();
    const target = name === 'copy' ? ['--to', 'tcp://target.example:1'] : [];
    const wrong = await longshore(host, [name, 'a', '--retry', 'x1', ...target]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--retry must be a whole number from 0 to 9999, not "x1"') as string });
    const stray = await longshore(host, [name, 'a', 'B@', '--retry', '1', ...target]);
    expect([stray.code, requests]).toEqual([2, []]);
  });

  it('also repeats a push', async () => {
    const answers = [limited, progress({ status: `1: digest: sha256:${'a'.repeat(64)} size: 1` })];
    const daemon = await cannedDaemon({ 'POST /images/h:1/a/push': (response, request) => answers.shift()?.(response, request) });
    daemons.push(daemon);
    const { code, stderr } = await whileTimePasses(() => longshore(daemon.host, ['push', 'h:1/a:1', '--retry', '1']));
    expect([code, stderr.match(/try 1 of 2 of h:1\/a:1 failed/g)?.length]).toEqual([0, 1]);
  });
});
