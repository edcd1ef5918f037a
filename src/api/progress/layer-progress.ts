// How far one layer is, from what the engine reports of it.

import { ELLIPSIS, utf8 } from '../../bytes.ts';
import type { LayerEvent } from './json-stream.ts';

/** What is being done with a layer; `working` where an engine says something that is not in the table below. */
export type LayerPhase =
  | 'waiting'
  | 'downloading'
  | 'verifying'
  | 'downloaded'
  | 'extracting'
  | 'pushing'
  | 'loading'
  | 'working'
  | 'retrying'
  | 'done'
  | 'existing'
  | 'skipped';

/** How a status begins, and the phase that it says. */
const phases: ReadonlyArray<readonly [words: string, phase: LayerPhase]> = [
  ['Pulling fs layer', 'waiting'],
  ['Preparing', 'waiting'],
  ['Waiting', 'waiting'],
  ['Downloading', 'downloading'],
  ['Verifying Checksum', 'verifying'],
  // The last that Podman says of a layer, and 4.3 says it of one whose download broke off, too.
  ['Download complete', 'downloaded'],
  ['Extracting', 'extracting'],
  ['Pushing', 'pushing'],
  ['Loading layer', 'loading'],
  ['Retrying in ', 'retrying'], // ... 5 seconds
  ['Pull complete', 'done'],
  ['Pushed', 'done'],
  ['Already exists', 'existing'],
  ['Layer already exists', 'existing'],
  ['Mounted from ', 'existing'], // ... another repository of that registry
  ['Skipped foreign layer', 'skipped'],
  ['Unavailable', 'skipped'], // containerd pushes an image of which it holds one platform
];

/** Nothing is left to be carried to or from the engine. */
const transferred = new Set<LayerPhase>(['verifying', 'downloaded', 'extracting', 'done', 'existing', 'skipped']);
/** Nothing was to be carried. */
const spared = new Set<LayerPhase>(['existing', 'skipped']);

/** A usual layer, in bytes: one more among those whose size is known, so that the first small one does not tell for all. */
export const SIZE_GUESS: number = 32 * 1024 * 1024;
/** What one weighs that was through before its size was told: engines tell it within a second. */
const SMALL_SIZE = 1024 * 1024;

/** A longer status is cut, in characters: each layer keeps its last one, and engines' have below 100. */
const LONGEST_STATUS = 1024;

/** A slice would keep the whole text in memory; this is a text of its own. */
function copyOfStart(status: string): string {
  return utf8(status.slice(0, LONGEST_STATUS - 1)).toString('utf8') + ELLIPSIS;
}

/** One layer of a `ProgressSnapshot`. */
export interface LayerProgress {
  /** The layer's short id. */
  readonly id: string;
  readonly phase: LayerPhase;
  /** The engine's own words: `Retrying in 5 seconds`. */
  readonly status: string;
  /** How far it is in this phase, never beyond `total`: bytes, unless `units` says else. */
  readonly current: number;
  /** Of how many; undefined where it is not known. */
  readonly total: number | undefined;
  /** `"s"` where seconds are counted; undefined for bytes. */
  readonly units: string | undefined;
}

/** One layer, as far as its events have told. */
export class Layer {
  readonly #id: string;
  /** Heard of when all the others were through, as of the image's config, which Podman tells as one more layer. */
  readonly #isLate: boolean;
  #event: LayerEvent | undefined;
  phase: LayerPhase = 'waiting';
  /** Bytes carried, out of `total`, which is also what an extraction goes through. */
  moved = 0;
  total: number | undefined;
  #extracted = 0;
  /** What was there before a retry, and is not counted again. */
  #resumedAt = 0;

  constructor(id: string, isLate: boolean) {
    this.#id = id;
    this.#isLate = isLate;
  }

  take(event: LayerEvent): void {
    this.#event = event.status.length > LONGEST_STATUS ? { ...event, status: copyOfStart(event.status) } : event;
    this.phase = phases.find(([words]) => event.status.startsWith(words))?.[1] ?? 'working';
    if (this.phase === 'retrying') this.moved = 0;
    if (event.units === undefined) this.#count(counted(event.current), counted(event.total));
    if (this.isTransferred) this.moved = this.total ?? this.moved;
  }

  #count(current: number | undefined, total: number | undefined): void {
    if (this.phase === 'extracting') {
      this.total ??= total;
      this.#extracted = clamp(current ?? this.#extracted, this.total);
    } else if (this.phase === 'downloading' || this.phase === 'pushing' || this.phase === 'loading') {
      if (total !== undefined) this.#measure(total);
      if (current !== undefined) this.moved = this.#resumedAt + current;
      this.moved = clamp(this.moved, this.total); // Docker tells a push of 11 bytes as 10,240 of 11
    }
  }

  // After "Retrying in 1 second", Docker (20.10, 26.1, 28.5) counts only what is left of a download: 32,768 of
  // 2,990,446 where it had been 3,011,584 of 6,002,030. containerd goes on where it was, and says nothing of a retry.
  #measure(total: number): void {
    this.total = Math.max(total, this.total ?? 0);
    this.#resumedAt = this.total - total;
  }

  /** The engine has finished the whole. */
  finish(): void {
    if (!spared.has(this.phase)) this.phase = 'done';
    this.moved = this.total ?? this.moved;
  }

  get isTransferred(): boolean {
    return transferred.has(this.phase);
  }

  /** How much of it there is to carry is known. */
  get isSized(): boolean {
    return this.total !== undefined || spared.has(this.phase);
  }

  /** What counts for the percentage; one of unknown size is taken to be as large as is `usual`. */
  weight(usual: number): number {
    if (this.total !== undefined) return this.total;
    if (this.#isLate || spared.has(this.phase)) return 0;
    return this.isTransferred ? SMALL_SIZE : usual;
  }

  /** How much of that is done, from 0 to 1; where the engine `extracts`, that is one half. */
  fraction(extracts: boolean): number {
    if (this.phase === 'done' || spared.has(this.phase)) return 1;
    const moved = this.isTransferred ? 1 : this.moved / (this.total ?? Infinity);
    return extracts ? (moved + this.#extracted / (this.total ?? Infinity)) / 2 : moved;
  }

  progress(): LayerProgress {
    return { id: this.#id, phase: this.phase, status: this.#event?.status ?? '', ...this.#howFar() };
  }

  #howFar(): Pick<LayerProgress, 'current' | 'total' | 'units'> {
    const { phase, total } = this;
    const units = this.isTransferred && phase !== 'extracting' ? undefined : this.#event?.units;
    if (units !== undefined || phase === 'working') {
      const told = counted(this.#event?.total);
      return { current: clamp(counted(this.#event?.current) ?? 0, told), total: told, units };
    }
    return { current: phase === 'extracting' ? this.#extracted : this.moved, total, units };
  }
}

/** What can be counted with: no zero, for engines say 0 and -1 where they do not know, and nothing endless. */
function counted(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

function clamp(value: number, most: number | undefined): number {
  return most === undefined ? value : Math.min(value, most);
}
