// The progress of one layer, computed from the events that the engine sends about it.

import { ELLIPSIS, utf8 } from '../../bytes.ts';
import type { LayerEvent } from './progress-events.ts';

/** What happens to a layer; `working` for a status that is not in the table below. */
export type LayerPhase =
  | 'waiting' | 'downloading' | 'verifying' | 'downloaded' | 'extracting' | 'pushing' | 'loading'
  | 'working' | 'retrying' | 'done' | 'existing' | 'skipped';

/** The phase for each status, by the start of the status. */
const phases: ReadonlyArray<readonly [start: string, phase: LayerPhase]> = [
  ['Pulling fs layer', 'waiting'],
  ['Preparing', 'waiting'],
  ['Waiting', 'waiting'],
  ['Downloading', 'downloading'],
  ['Verifying Checksum', 'verifying'],
  // Podman's last status of a layer. Podman 4.3 also sends it for a layer whose download was interrupted.
  ['Download complete', 'downloaded'],
  ['Extracting', 'extracting'],
  ['Pushing', 'pushing'],
  ['Loading layer', 'loading'],
  ['Retrying in ', 'retrying'], // ... 5 seconds
  ['Pull complete', 'done'],
  ['Pushed', 'done'],
  ['Already exists', 'existing'],
  ['Layer already exists', 'existing'],
  ['Mounted from ', 'existing'], // ... another repository of the same registry
  ['Skipped foreign layer', 'skipped'],
  ['Unavailable', 'skipped'], // the containerd store pushes an image and has only one of its platforms
];

/** Phases in which the transfer of the layer is complete. */
const transferred = new Set<LayerPhase>(['verifying', 'downloaded', 'extracting', 'done', 'existing', 'skipped']);
/** Phases of a layer that needs no transfer at all. */
const notNeeded = new Set<LayerPhase>(['existing', 'skipped']);

/** The size of a typical layer, in bytes. It is part of the average, so that a small first layer does not determine it alone. */
export const SIZE_GUESS: number = 32 * 1024 * 1024;
/** The assumed size of a layer that was transferred before its size was sent: engines send the size within a second. */
const SMALL_SIZE = 1024 * 1024;

/** The longest status that is kept in full, in characters. Each layer keeps its last status; real ones have fewer than 100. */
const LONGEST_STATUS = 1024;

/** The state of one layer in a `ProgressSnapshot`. */
export interface LayerProgress {
  /** The layer's short ID. */
  readonly id: string;
  readonly phase: LayerPhase;
  /** The engine's own words: `Retrying in 5 seconds`. */
  readonly status: string;
  /** How much of this phase is done, at most `total`: in bytes, or in `units`. */
  readonly current: number;
  /** The total of this phase, in bytes or in `units`; undefined while it is unknown. */
  readonly total: number | undefined;
  /** `"s"` if `current` and `total` are seconds; undefined if they are bytes. */
  readonly units: string | undefined;
}

/** Collects the events of one layer. */
export class Layer {
  readonly #id: string;
  /** Whether it appeared after all other layers were transferred, like the image's config, which Podman reports as a layer. */
  readonly #isLate: boolean;
  #event: LayerEvent | undefined;
  phase: LayerPhase = 'waiting';
  /** Bytes transferred, of `total`. An extraction processes the same bytes again. */
  moved = 0;
  total: number | undefined;
  #extracted = 0;
  /** Bytes that were transferred before a retry. The engine does not count them again. */
  #resumedAt = 0;

  constructor(id: string, isLate: boolean) {
    this.#id = id;
    this.#isLate = isLate;
  }

  take(event: LayerEvent): void {
    const isLong = event.status.length > LONGEST_STATUS;
    this.#event = isLong ? { ...event, status: copyOfStart(event.status) } : event;
    this.phase = phases.find(([start]) => event.status.startsWith(start))?.[1] ?? 'working';
    if (this.phase === 'retrying') this.moved = 0;
    if (event.units === undefined) this.#count(usable(event.current), usable(event.total));
    if (this.isTransferred) this.moved = this.total ?? this.moved;
  }

  #count(current: number | undefined, total: number | undefined): void {
    if (this.phase === 'extracting') {
      this.total ??= total;
      this.#extracted = atMost(current ?? this.#extracted, this.total);
    } else if (this.phase === 'downloading' || this.phase === 'pushing' || this.phase === 'loading') {
      if (total !== undefined) this.#setTotal(total);
      if (current !== undefined) this.moved = this.#resumedAt + current;
      this.moved = atMost(this.moved, this.total); // Docker reports a push of 11 bytes as 10,240 of 11
    }
  }

  // After "Retrying in 1 second", Docker (20.10, 26.1, 28.5) counts only the rest of a download: 3,011,584 of 6,002,030 is
  // followed by 32,768 of 2,990,446. containerd continues to count from the start, and reports no retry.
  #setTotal(total: number): void {
    this.total = Math.max(total, this.total ?? 0);
    this.#resumedAt = this.total - total;
  }

  finish(): void {
    if (!notNeeded.has(this.phase)) this.phase = 'done';
    this.moved = this.total ?? this.moved;
  }

  get isTransferred(): boolean {
    return transferred.has(this.phase);
  }

  /** Whether the number of bytes to transfer is known. */
  get isSized(): boolean {
    return this.total !== undefined || notNeeded.has(this.phase);
  }

  /** The layer's part of the percentage, in bytes. A layer of unknown size counts as `average`. */
  weight(average: number): number {
    if (this.total !== undefined) return this.total;
    if (this.#isLate || notNeeded.has(this.phase)) return 0;
    return this.isTransferred ? SMALL_SIZE : average;
  }

  /** How much of the weight is done, from 0 to 1. If the engine `extracts`, transfer and extraction are one half each. */
  fraction(extracts: boolean): number {
    if (this.phase === 'done' || notNeeded.has(this.phase)) return 1;
    const moved = this.isTransferred ? 1 : this.moved / (this.total ?? Infinity);
    return extracts ? (moved + this.#extracted / (this.total ?? Infinity)) / 2 : moved;
  }

  progress(): LayerProgress {
    const { phase } = this;
    const state = { id: this.#id, phase, status: this.#event?.status ?? '' };
    const units = this.isTransferred && phase !== 'extracting' ? undefined : this.#event?.units;
    if (units === undefined && phase !== 'working') {
      return { ...state, current: phase === 'extracting' ? this.#extracted : this.moved, total: this.total, units };
    }
    const total = usable(this.#event?.total);
    return { ...state, current: atMost(usable(this.#event?.current) ?? 0, total), total, units };
  }
}

/** A copy of the start of a status. A slice would keep the whole text in memory. */
function copyOfStart(status: string): string {
  return utf8(status.slice(0, LONGEST_STATUS - 1)).toString('utf8') + ELLIPSIS;
}

/** A count that can be used: engines send 0 and -1 for "unknown", and a hostile engine may send 1e308. */
function usable(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

function atMost(value: number, limit: number | undefined): number {
  return limit === undefined ? value : Math.min(value, limit);
}
