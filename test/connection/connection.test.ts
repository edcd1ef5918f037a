import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from '../../src/connection/connection.ts';
import { MemoryChannel } from '../support/memory-channel.ts';

describe('an idle connection', () => {
  let channel: MemoryChannel;
  let connection: Connection;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] });
    channel = new MemoryChannel();
    connection = new Connection(channel);
  });
  afterEach(() => void vi.useRealTimers());

  it('is closed after its idle time', () => {
    connection.markIdle(4000);
    vi.advanceTimersByTime(3999);
    expect(connection.alive).toBe(true);
    vi.runAllTimers();
    expect([connection.alive, channel.calls.at(-1)]).toEqual([false, 'destroy']);
  });

  it('is not closed while it is busy, however long, and then stays for its whole idle time', () => {
    connection.markIdle(4000);
    vi.advanceTimersByTime(3000);
    connection.markBusy();
    vi.advanceTimersByTime(10_000);
    expect(connection.alive).toBe(true);
    connection.markIdle(4000);
    vi.advanceTimersByTime(3999);
    expect(connection.alive).toBe(true);
    vi.runAllTimers();
    expect(connection.alive).toBe(false);
  });

  it('stays for its whole idle time after a short use, too', () => {
    connection.markIdle(4000);
    vi.advanceTimersByTime(3000);
    connection.markBusy();
    connection.markIdle(4000);
    vi.advanceTimersByTime(3999);
    expect(connection.alive).toBe(true);
  });

  // The timer of a stopped process has not run yet. A proxy may have dropped the connection without a trace.
  it('is closed when it is to be used after a stop of the process that was longer than its idle time', () => {
    connection.markIdle(4000);
    const now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 4000);
    connection.markBusy();
    clock.mockRestore();
    expect([connection.alive, channel.calls.at(-1), vi.getTimerCount()]).toEqual([false, 'destroy', 0]);
  });

  it('does not keep the process running, but does when it is busy again', () => {
    connection.markIdle(4000);
    connection.markBusy();
    expect(channel.calls).toEqual(['keepProcessAlive false', 'keepProcessAlive true']);
  });

  it('has no timer after it is closed', () => {
    connection.markIdle(4000);
    connection.destroy();
    expect(vi.getTimerCount()).toBe(0);
  });
});
