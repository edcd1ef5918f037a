// Runs a task once for all callers that need its result at the same time.

import { abortable } from './abort.ts';

interface Flight<Value> {
  readonly result: Promise<Value>;
  readonly controller: AbortController;
  callers: number;
}

/** Running tasks by their keys. Results are not cached: a task is removed when it ends or fails. */
export class SingleFlight<Value> {
  readonly #flights = new Map<string, Flight<Value>>();

  /**
   * Joins the running task of a key, or starts it. `signal` ends only the wait of this caller, with the signal's reason. The
   * task itself is aborted when all its callers have left.
   */
  async join(key: string, run: (signal: AbortSignal) => Promise<Value>, signal?: AbortSignal): Promise<Value> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, run);
    flight.callers++;
    const result = abortable(flight.result, signal);
    const leave = (): void => {
      if (--flight.callers > 0) return;
      this.#remove(key, flight);
      flight.controller.abort(signal?.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
    return result.finally(() => signal?.removeEventListener('abort', leave));
  }

  #start(key: string, run: (signal: AbortSignal) => Promise<Value>): Flight<Value> {
    const controller = new AbortController();
    const result = run(controller.signal).finally(() => this.#remove(key, flight));
    const flight: Flight<Value> = { result, controller, callers: 0 };
    this.#flights.set(key, flight);
    return flight;
  }

  /** Removes the task, unless another one has started with its key. */
  #remove(key: string, flight: Flight<Value>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
