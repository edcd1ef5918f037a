import { describe, expect, it } from 'vitest';
import type { Channel, DialOptions } from '../../src/connection/channel.ts';
import { DialAttempt } from '../../src/connection/dial-attempt.ts';

/** A dialer that never ends by itself, as one that a caller has written may do. */
function endless() {
  const seen: DialOptions[] = [];
  let open: (channel: Channel) => void = () => {};
  const dial = (options: DialOptions): Promise<Channel> => {
    seen.push(options);
    return new Promise((resolve) => (open = resolve));
  };
  return { address: 'test://', dial, seen, open: (channel: Channel) => open(channel) };
}

describe('an attempt that is given up', () => {
  it('rejects at once, and closes a channel that is opened later', async () => {
    const dialer = endless();
    const attempt = new DialAttempt(dialer, 100);
    attempt.giveUp('first');
    attempt.giveUp('second');
    await expect(attempt.channel).rejects.toBe('first');
    const closed = new Promise<void>((resolve) => dialer.open({ destroy: resolve } as Channel));
    await closed;
  });

  it('tells the dialer by the signal, before or after the dialer reads it, and in a copy of the options', async () => {
    const dialer = endless();
    const attempt = new DialAttempt(dialer);
    const [options] = dialer.seen as [DialOptions];
    const early = { ...options }.signal;
    expect([early?.aborted, options.connectMs]).toEqual([false, Infinity]);
    attempt.giveUp('reason');
    await expect(attempt.channel).rejects.toBe('reason');
    expect([early?.reason, options.signal?.reason]).toEqual(['reason', 'reason']);
  });

  it('tells the dialer by the function that it has set, without a signal', async () => {
    const dialer = endless();
    const attempt = new DialAttempt(dialer);
    const stopped: unknown[] = [];
    dialer.seen[0]?.onGivenUp?.((reason) => stopped.push(reason));
    attempt.giveUp('reason');
    await expect(attempt.channel).rejects.toBe('reason');
    expect(stopped).toEqual(['reason']);
  });
});
