// Formats the progress of a transfer as one line: bytes, percentage if the size is known, and rate.

import { fit } from './printable.ts';
import { humanSize } from './table.ts';
import { shortDuration, TransferRate } from './transfer-rate.ts';

/** The progress of a transfer. */
export interface Transferred {
  readonly bytes: number;
  /** The size of the transfer in bytes; undefined if it is not known. */
  readonly total: number | undefined;
}

/** Returns, for example, `Uploading  45.2MB/100MB  45%  12MB/s  5s left`, cut to `room` columns. */
export function transferLine(what: string, { bytes, total }: Transferred, bytesPerSecond: number | undefined, room: number): string {
  const parts = [what, humanSize(bytes) + (total === undefined ? '' : `/${humanSize(total)}`)];
  if (total !== undefined && total > 0) parts.push(`${Math.floor((100 * Math.min(bytes, total)) / total)}%`);
  if (bytesPerSecond !== undefined) parts.push(`${humanSize(Math.round(bytesPerSecond), 3)}/s`);
  const left = (total ?? 0) - bytes;
  if (left > 0 && bytesPerSecond !== undefined && bytesPerSecond >= 1) parts.push(`${shortDuration(left / bytesPerSecond)} left`);
  return fit(parts.join('  '), room);
}

/** A running transfer and its rate. */
export class Transfer {
  readonly #what: string;
  readonly #rate = new TransferRate();
  #state: Transferred = { bytes: 0, total: undefined };

  constructor(what: string) {
    this.#what = what;
  }

  take(state: Transferred): void {
    this.#state = state;
  }

  line(nowMs: number, room: number): string {
    this.#rate.take(this.#state.bytes, nowMs);
    return transferLine(this.#what, this.#state, this.#rate.bytesPerSecond, room);
  }
}
