// The progress of a pull, push or load as a whole: layers, bytes and a percentage, computed from the events.
//
// A stream reports one image after the other; each image is a group. A headline begins a group (`Pulling from ...`) and
// another one ends it (`Status: ...`). A layer event after the end begins the next group, too.

import { check, kind } from '../../kinds.ts';
import { Layer, SIZE_GUESS } from './layer-progress.ts';
import type { LayerProgress } from './layer-progress.ts';
import type { LayerEvent, ProgressEvent } from './progress-events.ts';

/** Headlines that begin an image, and headlines that end it. Other headlines do neither. */
const opening = /^(?:Pulling from|The push refers to repository) /;
const closing = /^(?:Digest|Status): |: digest: sha256:|^sha256:[0-9a-f]{64}$/;

const EVENT = kind('an event of a ProgressStream', (value) => typeof (value as ProgressEvent).type === 'string');

/** The most layers that are counted. A daemon may send any number; file systems allow a few hundred. */
const MOST_LAYERS = 4096;

/** The longest ID of a layer that is counted, in characters. Engines send 12; a digest has 71. */
const LONGEST_ID = 256;

/** The highest percentage before the engine has finished. */
const ALMOST = 99;

/** The state of `ProgressTotals` at one moment. It does not change afterwards. */
export interface ProgressSnapshot {
  /** The number of the image, from 1; 0 before the first. Pulls and pushes of all tags, and loads, may have several images. */
  readonly group: number;
  /** The line with which the image began: `Pulling from library/alpine`, with the tag as its `id`. */
  readonly headline: { readonly id: string | undefined; readonly status: string } | undefined;
  /** The image's layers, in the order of their first events. */
  readonly layers: readonly LayerProgress[];
  /** Bytes transferred. `total` is a lower bound until `totalKnown` is true. */
  readonly bytes: { readonly current: number; readonly total: number; readonly totalKnown: boolean };
  /**
   * From 0 to 100, with one decimal. It never falls within a group, and is 100 only when the engine has finished. It is
   * undefined while no estimate is possible, as during a load, which reports its layers one after the other.
   *
   * Each layer counts with its size in bytes; a layer that the engine already had does not count. In a pull, the download
   * and the extraction of the same bytes are one half each; on Podman, which reports no extraction, only the download
   * counts. A layer of unknown size counts as the average of the known sizes and of 32 MiB; a layer that was transferred
   * before its size was sent counts as 1 MiB.
   */
  readonly percentage: number | undefined;
}

/**
 * Adds up the events of a `ProgressStream`.
 *
 *     const totals = new ProgressTotals();
 *     for await (const event of docker.pull('alpine:3.20')) {
 *       totals.take(event);
 *       show(totals.snapshot()); // as often as you like: engines report often, a screen needs 20 frames a second
 *     }
 *     totals.end();
 */
export class ProgressTotals {
  #layers = new Map<string, Layer>();
  /** The number of layers whose transfer is not complete. A count, because a loop over the layers for each new one takes quadratic time. */
  #inTransfer = 0;
  #group = 0;
  #headline: ProgressSnapshot['headline'];
  /** Whether the group has ended: the next layer event then begins another. */
  #isClosed = true;
  /** Whether the group has ended without an error. */
  #isComplete = false;
  #extracts = false;
  #percentage: number | undefined;

  /** Adds an event. Pass every event, in the order of the stream. Throws an `ArgumentError` for other values. */
  take(event: ProgressEvent): void {
    check(event, EVENT, 'take', 'event');
    if (event.type === 'layer') this.#takeLayer(event);
    else if (event.type === 'headline') this.#takeHeadline(event.id, event.status);
    else if (event.type === 'stream') this.#close(event.text.startsWith('Loaded image'));
  }

  /** Marks the operation as finished. Call it after a stream that ended without an error, because Podman sends no last line. */
  end(): void {
    this.#close(true);
  }

  /** Returns the current state. */
  snapshot(): ProgressSnapshot {
    const layers = [...this.#layers.values()];
    // Computed here and not for each event: an engine may send many events about many layers.
    const estimate = this.#isComplete ? 100 : this.#estimate(layers);
    if (estimate !== undefined) this.#percentage = Math.max(this.#percentage ?? 0, estimate);
    return {
      group: this.#group,
      headline: this.#headline,
      layers: layers.map((layer) => layer.progress()),
      bytes: {
        current: sum(layers.map(({ moved }) => moved)),
        total: sum(layers.map(({ moved, total }) => total ?? moved)),
        totalKnown: this.#hasAllLayers(layers) && layers.every((layer) => layer.isSized),
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
    // Podman ends an import with the image's ID, sent as a layer.
    if (closing.test(event.status)) return this.#close(true);
    if (this.#isClosed) this.#begin();
    const layer = this.#layers.get(event.id) ?? this.#add(event.id);
    if (layer === undefined) return;
    const wasTransferred = layer.isTransferred;
    layer.take(event);
    this.#inTransfer += Number(wasTransferred) - Number(layer.isTransferred);
    // A caller may pass layer events only, without the headline.
    if (/^(?:Extracting|Pull complete)/.test(event.status)) this.#extracts = true;
  }

  #add(id: string): Layer | undefined {
    if (this.#layers.size >= MOST_LAYERS || id.length > LONGEST_ID) return undefined;
    const layer = new Layer(id, this.#layers.size > 0 && this.#inTransfer === 0);
    this.#layers.set(id, layer);
    this.#inTransfer++;
    return layer;
  }

  #begin(): void {
    this.#layers = new Map();
    this.#inTransfer = 0;
    this.#group++;
    this.#isClosed = false;
    this.#isComplete = false;
    this.#percentage = undefined;
  }

  #close(isComplete: boolean): void {
    this.#isClosed = true;
    if (!isComplete || this.#isComplete) return; // an engine may repeat its last line without end
    this.#isComplete = true;
    for (const layer of this.#layers.values()) layer.finish();
  }

  #estimate(layers: readonly Layer[]): number | undefined {
    if (!this.#hasAllLayers(layers)) return undefined;
    const sizes = [SIZE_GUESS, ...layers.flatMap(({ total }) => total ?? [])];
    const average = sum(sizes) / sizes.length;
    const weight = sum(layers.map((layer) => layer.weight(average)));
    const done = sum(layers.map((layer) => layer.weight(average) * layer.fraction(this.#extracts)));
    return weight === 0 ? undefined : Math.min(ALMOST, Math.floor((1000 * done) / weight) / 10);
  }

  /** Whether all layers of the image are known. Pulls and pushes name them at the start; a load names one after the other. */
  #hasAllLayers(layers: readonly Layer[]): boolean {
    return this.#isComplete || (layers.length > 0 && layers.every(({ phase }) => phase !== 'loading'));
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
