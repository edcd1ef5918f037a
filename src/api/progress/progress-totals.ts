// How far a pull, a push or a load is as a whole: layers, bytes and a percentage, from what the engine reports.

import { check, kind } from '../../kinds.ts';
import { Layer, SIZE_GUESS } from './layer-progress.ts';
import type { LayerProgress } from './layer-progress.ts';
import type { LayerEvent, ProgressEvent } from './json-stream.ts';

/** The headlines that an image begins with, and those that say it is finished; what else is said is neither. */
const opening = /^(?:Pulling from|The push refers to repository) /;
const closing = /^(?:Digest|Status): |: digest: sha256:|^sha256:[0-9a-f]{64}$/;

const EVENT = kind('an event of a ProgressStream', (value) => typeof (value as ProgressEvent).type === 'string');

/** Layers beyond that many are not counted: file systems stop at some hundreds, and a daemon may say anything. */
const MOST_LAYERS = 4096;

/** Layers with a longer id are not counted either, in characters: engines give 12, and digests have 71. */
const LONGEST_ID = 256;

/** Until the engine says that it has finished, the percentage ends here. */
const ALMOST = 99;

/** What `ProgressTotals` knows at some time; it does not change afterwards. */
export interface ProgressSnapshot {
  /** Counts the images of the stream, 0 before the first: pulls and pushes of all tags and loads may have several. */
  readonly group: number;
  /** The line that the image began with: `Pulling from library/alpine`, with the tag as its `id`. */
  readonly headline: { readonly id: string | undefined; readonly status: string } | undefined;
  /** In the order in which they were first heard of. */
  readonly layers: readonly LayerProgress[];
  /** What was carried to or from the engine; `total` is the least it can be, until `totalKnown`. */
  readonly bytes: { readonly current: number; readonly total: number; readonly totalKnown: boolean };
  /**
   * From 0 to 100, with one decimal, within a group never less than before, and 100 only when the engine has finished;
   * undefined while nothing can be said, as during a load, which tells of its layers one after the other.
   *
   * Every layer weighs as many bytes as it has, and one that was there already none. Of a pull, the download is one
   * half and the extraction, which goes through the same bytes, the other; Podman never tells of an extraction, and
   * there the download is the whole. A layer of unknown size is taken to be as large as the others are on average, with
   * one of 32 MiB among them; one that is through before its size was told, as 1 MiB.
   */
  readonly percentage: number | undefined;
}

/**
 * Adds up the events of a `ProgressStream`.
 *
 *     const totals = new ProgressTotals();
 *     for await (const event of docker.pull('alpine:3.20')) {
 *       totals.take(event);
 *       show(totals.snapshot()); // as often as you like: engines report often, a screen wants 20 frames a second
 *     }
 *     totals.end();
 */
export class ProgressTotals {
  #layers = new Map<string, Layer>();
  #group = 0;
  #headline: ProgressSnapshot['headline'];
  /** The next layer event belongs to another group. */
  #closed = true;
  #complete = false;
  #extracts = false;
  #percentage: number | undefined;

  /** Takes any event, in the order in which they came. */
  take(event: ProgressEvent): void {
    check(event, EVENT, 'take', 'event');
    if (event.type === 'layer') this.#takeLayer(event);
    else if (event.type === 'headline') this.#takeHeadline(event.id, event.status);
    else if (event.type === 'stream') this.#close(event.text.startsWith('Loaded image'));
  }

  /** Says that the stream has ended, and well: of its own accord Podman does not say that a pull is finished. */
  end(): void {
    this.#close(true);
  }

  snapshot(): ProgressSnapshot {
    const layers = [...this.#layers.values()];
    // Here, and not for each event: an engine tells of a few layers many times, and of many layers if it likes.
    const estimate = this.#complete ? 100 : this.#estimate(layers);
    if (estimate !== undefined) this.#percentage = Math.max(this.#percentage ?? 0, estimate);
    return {
      group: this.#group,
      headline: this.#headline,
      layers: layers.map((layer) => layer.progress()),
      bytes: {
        current: sum(layers.map(({ moved }) => moved)),
        total: sum(layers.map(({ moved, total }) => total ?? moved)),
        totalKnown: this.#allAreKnown(layers) && layers.every((layer) => layer.isSized),
      },
      percentage: this.#percentage,
    };
  }

  #takeHeadline(id: string | undefined, status: string): void {
    if (!opening.test(status)) return this.#close(closing.test(status));
    this.#begin();
    this.#headline = { id, status };
    this.#extracts = status.startsWith('Pulling');
  }

  #takeLayer(event: LayerEvent): void {
    // Podman ends an import with the image's id, in the form of a layer.
    if (closing.test(event.status)) return this.#close(true);
    if (this.#closed) this.#begin();
    const layer = this.#layers.get(event.id) ?? this.#add(event.id);
    if (layer === undefined) return;
    layer.take(event);
    // Who hands over layer events only has not told us the headline.
    if (/^(?:Extracting|Pull complete)/.test(event.status)) this.#extracts = true;
  }

  #add(id: string): Layer | undefined {
    if (this.#layers.size >= MOST_LAYERS || id.length > LONGEST_ID) return undefined;
    const layers = [...this.#layers.values()];
    const layer = new Layer(id, layers.length > 0 && layers.every(({ isTransferred }) => isTransferred));
    this.#layers.set(id, layer);
    return layer;
  }

  #begin(): void {
    this.#layers = new Map();
    this.#group++;
    this.#closed = false;
    this.#complete = false;
    this.#percentage = undefined;
  }

  #close(complete: boolean): void {
    this.#closed = true;
    if (!complete || this.#complete) return; // an engine may say it for ever
    this.#complete = true;
    for (const layer of this.#layers.values()) layer.finish();
  }

  #estimate(layers: readonly Layer[]): number | undefined {
    if (!this.#allAreKnown(layers)) return undefined;
    const sizes = [SIZE_GUESS, ...layers.flatMap(({ total }) => total ?? [])];
    const usual = sum(sizes) / sizes.length;
    const weight = sum(layers.map((layer) => layer.weight(usual)));
    const done = sum(layers.map((layer) => layer.weight(usual) * layer.fraction(this.#extracts)));
    return weight === 0 ? undefined : Math.min(ALMOST, Math.floor((1000 * done) / weight) / 10);
  }

  /** Pulls and pushes name all their layers at once, or nearly; a load each when its turn comes. */
  #allAreKnown(layers: readonly Layer[]): boolean {
    return this.#complete || (layers.length > 0 && layers.every(({ phase }) => phase !== 'loading'));
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
