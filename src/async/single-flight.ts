// One run of a task for all who want its outcome at the same time.

import { allowManyListeners } from './abort.ts';

interface Flight<Value> {
  readonly outcome: Promise<Value>;
  readonly ending: AbortController;
  waiting: number;
}

/** Tasks that are under way, by their keys. Nothing is kept of one that is over, whether it failed or not. */
export class SingleFlight<Value> {
  readonly #flights = new Map<string, Flight<Value>>();

  /**
   * The outcome of the run that is under way for a key, or of a new one. An abort ends the wait of its own caller; the
   * run itself is aborted when nobody waits for it any more.
   */
  async join(key: string, run: (signal: AbortSignal) => Promise<Value>, signal?: AbortSignal): Promise<Value> {
    signal?.throwIfAborted();
    allowManyListeners(signal);
    const flight = this.#flights.get(key) ?? this.#begin(key, run);
    flight.waiting++;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(signal?.reason);
        if (--flight.waiting > 0) return;
        this.#forget(key, flight);
        flight.ending.abort(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      flight.outcome.then(resolve, reject).finally(() => signal?.removeEventListener('abort', leave));
    });
  }

  #begin(key: string, run: (signal: AbortSignal) => Promise<Value>): Flight<Value> {
    const ending = new AbortController();
    const outcome = run(ending.signal).finally(() => this.#forget(key, flight));
    const flight: Flight<Value> = { outcome, ending, waiting: 0 };
    this.#flights.set(key, flight);
    return flight;
  }

  /** Unless another run has begun in its place. */
  #forget(key: string, flight: Flight<Value>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
