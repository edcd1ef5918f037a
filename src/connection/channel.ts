// The seam between bytes and the world: a dialer makes channels, a channel carries bytes both ways. Production, the
// recorder and the replayer differ in the dialer and in nothing else.

/** What a channel tells the one who owns it. None of these may throw. */
export interface ChannelOwner {
  /**
   * The memory that the next read goes into: never empty. It is asked for right after each `received`, also after one
   * that asked for a pause, and what it gave stays in use until the next `received`.
   */
  memory(): Uint8Array;
  /**
   * Bytes came: at the start of the memory given, or, at most 256 KiB at once, in memory of their own that nobody uses
   * again. `false` pauses the channel: nothing more is told until `resume()`.
   */
  received(bytes: Uint8Array): boolean;
  /** The other side will send no more (FIN). */
  ended(): void;
  /**
   * The channel broke: a reset, a fault, a `destroy()` from elsewhere, an end that may not be one. A `ConnectError`,
   * where the channel knows what made it break, is what the call fails with.
   */
  broken(error: Error): void;
}

/** A connected byte stream: a socket, a child process's pipes, a tape. */
export interface Channel {
  /** Who is told. Set it before the event loop turns. */
  owner: ChannelOwner;
  /**
   * True where the system holds on to the memory between reads (Windows' overlapped reads), so that it must not be
   * shared with other channels.
   */
  readonly holdsMemory: boolean;
  /** What went wrong on the sending side; the receiving side lives on, for it may hold the answer that explains it. */
  readonly writeError: Error | undefined;
  /** True while it may not be connected yet, where nothing but the first byte tells: over a program's pipes. */
  readonly connecting?: boolean;
  /**
   * Sends the blocks, behind those of earlier calls, which need not have resolved; resolves when their memory may be used
   * again, and never rejects: see `writeError`.
   */
  write(blocks: readonly Uint8Array[]): Promise<void>;
  /** Reads again after a pause. Not to be called inside `received`. */
  resume(): void;
  /** Whether this channel keeps the process alive. */
  keepAlive(value: boolean): void;
  /**
   * Sends no more (FIN), after all that was written; what comes is still told. An exchange never does, for engines take it
   * as the wish to stop; who stands between a client and an engine passes on that a client did.
   */
  end(): void;
  /** Closes it at once, both ways; the owner hears nothing more. */
  destroy(): void;
}

/** What a dialer may be told. */
export interface DialOptions {
  /** Gives up with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The limit of time that `signal` keeps, for a dialer that can hand it on; `Infinity` is none. */
  readonly connectMs?: number | undefined;
}

/** What suits the channels of a dialer that are dearer than sockets. */
export interface ChannelTraits {
  /** The default limit for a connection, in milliseconds. */
  readonly connectMs: number;
  /** How long an idle connection is worth keeping, in milliseconds. */
  readonly idleMs: number;
  /** The exchanges under way at most, those of `longLived` requests not counted. */
  readonly maxBusy: number;
}

/** Makes connected channels to one engine. */
export interface Dialer {
  /** The engine's address as errors show it, `"unix:///var/run/docker.sock"`. */
  readonly address: string;
  /** Without them: 10 s for a connection, 4 s idle, any number of exchanges. */
  readonly traits?: ChannelTraits | undefined;
  /** A new channel, connected; rejects with a `ConnectError` or the signal's reason. */
  dial(options: DialOptions): Promise<Channel>;
}
