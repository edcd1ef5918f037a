// One attempt to open a channel. It ends with the channel or the error of the dialer, or it is given up: because of the caller's
// signal, the connect timeout, or the end of the client.

import type { Channel, Dialer, DialOptions } from './channel.ts';

/** A running attempt. */
export class DialAttempt {
  /** The channel. Rejects as soon as the attempt is given up, because a caller's own dialer may ignore that. */
  readonly channel: Promise<Channel>;
  #reject!: (reason: unknown) => void;
  #stop: ((reason: unknown) => void) | undefined;
  #controller: AbortController | undefined;
  #reason: { readonly value: unknown } | undefined;

  constructor(dialer: Dialer, connectMs?: number) {
    this.channel = new Promise((resolve, reject) => {
      this.#reject = reject;
      dialer.dial(this.#options(connectMs)).then((channel) => (this.#reason === undefined ? resolve(channel) : channel.destroy()), reject);
    });
  }

  giveUp(reason: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = { value: reason };
    this.#stop?.(reason);
    this.#controller?.abort(reason);
    this.#reject(reason);
  }

  #options(connectMs = Infinity): DialOptions {
    const makeSignal = (): AbortSignal => this.#signal();
    return {
      connectMs,
      onGivenUp: (stop) => (this.#stop = stop),
      // Made only for a dialer that reads it: our sockets use `onGivenUp`.
      get signal() {
        return makeSignal();
      },
    };
  }

  #signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason.value);
    return this.#controller.signal;
  }
}
