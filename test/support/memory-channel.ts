// A channel in memory: it keeps what is written, and the test supplies what is read.

import { Buffer } from 'node:buffer';
import type { Channel, ChannelOwner, Dialer } from '../../src/connection/channel.ts';

/** One end of a connection whose other end is the test. */
export class MemoryChannel implements Channel {
  owner: ChannelOwner = { memory: () => new Uint8Array(1), onData: () => false, onEnd: () => {}, onError: () => {} };
  readonly holdsMemory = false;
  writeError: Error | undefined;
  readonly written: Buffer[] = [];
  readonly calls: string[] = [];

  async write(blocks: readonly Uint8Array[]): Promise<void> {
    for (const block of blocks) this.written.push(Buffer.from(block));
  }

  /** Gives the owner bytes to read, in its own memory as the contract requires. Returns false if the owner wants a pause. */
  read(data: string | Uint8Array): boolean {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    const memory = this.owner.memory();
    memory.set(bytes);
    return this.owner.onData(memory.subarray(0, bytes.length));
  }

  resume(): void {
    this.calls.push('resume');
  }

  keepProcessAlive(value: boolean): void {
    this.calls.push(`keepProcessAlive ${value}`);
  }

  end(): void {
    this.calls.push('end');
  }

  destroy(): void {
    this.calls.push('destroy');
  }
}

/** A dialer that gives these channels in turn. */
export function memoryDialer(...channels: MemoryChannel[]): Dialer {
  return {
    address: 'memory://',
    async dial() {
      const channel = channels.shift();
      if (channel === undefined) throw new Error('no more channels');
      return channel;
    },
  };
}
