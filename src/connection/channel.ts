// The interfaces below HTTP: a dialer opens channels to one engine, and a channel carries bytes in both directions. Sockets,
// TLS, ssh, the recorder and the replayer implement them; the code above this file is the same for all of them.

/** Receives the events of a channel. None of these methods may throw. */
export interface ChannelOwner {
  /**
   * Returns the memory for the next read; it must not be empty. The channel calls this right after each `onData`, even if that
   * returned `false`, and may write to the memory until the next `onData`.
   */
  memory(): Uint8Array;
  /**
   * Receives the bytes of one read: at the start of the memory that `memory()` returned, or at most 256 KiB in memory that the
   * channel does not use again. Return `false` to pause the channel, which then reports no event until `resume()` is called.
   */
  onData(bytes: Uint8Array): boolean;
  /** The other side sends no more bytes (FIN). */
  onEnd(): void;
  /**
   * The channel broke: a reset, another error, a `destroy()` by other code, or an end that may hide lost data. If the
   * channel knows why no connection was made, the error is a `ConnectError`, and the call fails with it.
   */
  onError(error: Error): void;
}

/** A connected byte stream: a socket, the pipes of a child process, or a tape. */
export interface Channel {
  /** Receives the events. Set it before control returns to the event loop. */
  owner: ChannelOwner;
  /** True if the system holds the read memory while it waits (Windows' overlapped reads). Channels must not share it then. */
  readonly holdsMemory: boolean;
  /** True if an open channel keeps the process running by itself, as sockets do. */
  readonly hasHandle?: boolean;
  /** The error of a failed write. Reading goes on: the engine may have sent a response that explains the failure. */
  readonly writeError: Error | undefined;
  /** True while the connection may not be established yet. Over the pipes of a program, only the first received byte shows that it is. */
  readonly connecting?: boolean;
  /**
   * Sends the blocks in order, after those of earlier calls, which may still be pending. Resolves when the memory of the blocks
   * may be reused. Never rejects: see `writeError`.
   */
  write(blocks: readonly Uint8Array[]): Promise<void>;
  /** Continues to read after a pause. Must not be called inside `onData`. */
  resume(): void;
  /** Sets whether this channel keeps the process running. */
  keepProcessAlive(value: boolean): void;
  /**
   * Sends FIN after all written bytes; the channel still receives. An exchange never calls it, because engines stop their work
   * at a FIN. A relay calls it to pass on a FIN of its client.
   */
  end(): void;
  /** Closes both directions at once. The owner gets no further events. */
  destroy(): void;
}

// Node takes the memory for the first read of a socket before the channel has its owner. Most responses fit into it.
const spareMemory = new Uint8Array(64 * 1024);
/** The owner of a channel before its first owner is set, and after `destroy()`. It ignores every event. */
export const noopOwner: ChannelOwner = {
  memory: () => spareMemory,
  onData: () => false,
  onEnd: () => {},
  onError: () => {},
};

/** Options of `Dialer.dial`. */
export interface DialOptions {
  /** Ends the attempt; `dial` rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The time limit in milliseconds, for dialers that can pass it on; `signal` enforces it anyway. `Infinity` means none. */
  readonly connectMs?: number | undefined;
  /** Sets the function that ends the attempt, instead of `signal`: a signal and its listeners take a tenth of the time of a connection. */
  readonly onGivenUp?: ((stop: (reason: unknown) => void) => void) | undefined;
}

/** Limits of a dialer whose channels cost more than sockets, such as ssh. */
export interface ChannelTraits {
  /** The default time limit for a connection, in milliseconds. */
  readonly connectMs: number;
  /** How long an idle connection is kept, in milliseconds. */
  readonly idleMs: number;
  /** The maximum number of exchanges at a time; `longLived` requests do not count. */
  readonly maxBusy: number;
}

/** Opens channels to one engine. */
export interface Dialer {
  /** The engine's address for error messages, such as `"unix:///var/run/docker.sock"`. */
  readonly address: string;
  /** Default: 10 s to connect, 4 s idle, any number of exchanges. */
  readonly traits?: ChannelTraits | undefined;
  /** Opens a connected channel; rejects with a `ConnectError` or with the signal's reason. */
  dial(options: DialOptions): Promise<Channel>;
}
