import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from '../../src/connection/connection.ts';
import { MemoryChannel } from '../support/memory-channel.ts';

describe('a connection that rests', () => {
  let channel: MemoryChannel;
  let connection: Connection;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    channel = new MemoryChannel();
    connection = new Connection(channel);
  });
  afterEach(() => void vi.useRealTimers());

  it('is closed when it has rested for its time', () => {
    connection.markIdle(4000);
    vi.advanceTimersByTime(3999);
    expect(connection.alive).toBe(true);
    vi.advanceTimersByTime(1);
    expect([connection.alive, channel.calls.at(-1)]).toEqual([false, 'destroy']);
  });

  it('is not closed while it is used, however long, and then rests for its whole time', () => {
    connection.markIdle(4000);
    vi.advanceTimersByTime(3000);
    connection.markBusy();
    vi.advanceTimersByTime(10_000);
    expect(connection.alive).toBe(true);
    connection.markIdle(4000);
    vi.advanceTimersByTime(3999);
    expect(connection.alive).toBe(true);
    vi.advanceTimersByTime(1);
    expect(connection.alive).toBe(false);
  });

  it('rests for its whole time after a short use, too', () => {
    connection.markIdle(4000);
    vi.advanceTimersByTime(3000);
    connection.markBusy();
    connection.markIdle(4000);
    vi.advanceTimersByTime(3999);
    expect(connection.alive).toBe(true);
  });

  it('keeps no process alive, and does again when it is used', () => {
    connection.markIdle(4000);
    connection.markBusy();
    expect(channel.calls).toEqual(['keepProcessAlive false', 'keepProcessAlive true']);
  });

  it('leaves no timer behind when it is closed', () => {
    connection.markIdle(4000);
    connection.destroy();
    expect(vi.getTimerCount()).toBe(0);
  });
});
