// The interfaces below HTTP: a dialer opens channels to one engine, and a channel carries bytes in both directions. Sockets,
// TLS, ssh, the recorder and the replayer implement them; nothing above this file differs between them.

/** Receives the events of a channel. None of these methods may throw. */
export interface ChannelOwner {
  /**
   * Returns the memory for the next read; it must not be empty. The channel asks for it right after each `onData`, even after
   * one that returned `false`, and may write to it until the next `onData`.
   */
  memory(): Uint8Array;
  /**
   * Receives the bytes of one read: at the start of the memory that `memory()` returned, or at most 256 KiB in memory that the
   * channel does not use again. Return `false` to pause the channel: it reports no event before `resume()` is called.
   */
  onData(bytes: Uint8Array): boolean;
  /** The other side sends no more bytes (FIN). */
  onEnd(): void;
  /**
   * The channel broke: a reset, another error, a `destroy()` by other code, or an end that may not be the true end. If the
   * channel knows why there is no connection, the error is a `ConnectError`, and the call fails with it.
   */
  onError(error: Error): void;
}

/** A connected byte stream: a socket, the pipes of a child process, or a tape. */
export interface Channel {
  /** Receives the events. Set it before the event loop turns. */
  owner: ChannelOwner;
  /** True if the system keeps the read memory between reads (Windows' overlapped reads): then channels must not share it. */
  readonly holdsMemory: boolean;
  /** Why sending failed. The receiving side still works: it may hold the response that explains the failure. */
  readonly writeError: Error | undefined;
  /** True while the connection may not be established yet. Over the pipes of a program, only the first byte proves it. */
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
   * Sends FIN after everything that was written; the channel still receives. An exchange never calls it, because engines take
   * it as a request to stop. A relay calls it to pass on the end of its client.
   */
  end(): void;
  /** Closes both directions at once. The owner gets no further events. */
  destroy(): void;
}

const spareMemory = new Uint8Array(4096);
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
  /** The time limit that `signal` enforces, in milliseconds, for a dialer that can pass it on; `Infinity` means none. */
  readonly connectMs?: number | undefined;
}

/** Limits for the channels of a dialer that cost more than sockets, such as ssh. */
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
  /** Without traits: 10 s for a connection, 4 s idle, no limit for the number of exchanges. */
  readonly traits?: ChannelTraits | undefined;
  /** Opens a connected channel; rejects with a `ConnectError` or with the signal's reason. */
  dial(options: DialOptions): Promise<Channel>;
}
