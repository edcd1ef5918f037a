// Progress events: one JSON object of an engine's progress stream becomes one typed event.

import { isJsonObject } from '../json.ts';
import type { JsonObject } from '../json.ts';

/** One event of a `ProgressStream`; `type` is its kind. */
export type ProgressEvent =
  | LayerEvent
  /** A line about the whole operation: `Pulling from library/alpine`, `Digest: sha256:...`. `id` is a tag or a digest. */
  | { readonly type: 'headline'; readonly id: string | undefined; readonly status: string }
  /** A line of a load: `Loaded image: alpine:3.20`. */
  | { readonly type: 'stream'; readonly text: string }
  /** Data for programs, such as the digest of a push. */
  | { readonly type: 'aux'; readonly id: string | undefined; readonly aux: unknown }
  /** A warning of the engine. */
  | { readonly type: 'warning'; readonly text: string }
  | UploadEvent;

/** How much of an upload has been sent. The client makes this event, not the engine. */
export interface UploadEvent {
  readonly type: 'upload';
  /** Bytes sent so far. */
  readonly bytes: number;
  /** Total bytes to send; undefined if the length of the source is unknown. */
  readonly total: number | undefined;
}

/** A change of one layer. */
export interface LayerEvent {
  readonly type: 'layer';
  /** The layer's short ID, `4abcf2066143`. */
  readonly id: string;
  /** The engine's own words: `Downloading`, `Pull complete`. */
  readonly status: string;
  /** How much is done, in bytes or in `units`; undefined if the engine does not report it. */
  readonly current: number | undefined;
  /** The total, in bytes or in `units`; undefined if the engine does not report it. */
  readonly total: number | undefined;
  /** `"s"` if `current` and `total` are seconds; undefined if they are bytes. */
  readonly units: string | undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
/** Engines send 0 and -1 for "unknown". */
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? value : undefined);

/**
 * Warnings: `WARNING: ...`, `[DEPRECATION NOTICE] ...` of old image formats, and, from Docker 18.09 and 19.03,
 * `Image docker.io/library/a:1 uses outdated schema1 manifest format`. Programs in front of an engine use the same forms.
 */
const warningGrammar = /^\s*(?:\[?(?:WARN(?:ING)?|DEPRECATED|DEPRECATION NOTICE)[\]:]|Image \S{1,1024} uses outdated )/i;

/** The ID under which balenaEngine sends the sum of all layers: `{"id":"Total","progressDetail":{...}}` (balenahup#235). */
const SUM_ID = 'Total';

/** Returns the event for one object of the stream; undefined for an object without content, and for a sum of layers. */
export function progressEvent(value: JsonObject): ProgressEvent | undefined {
  const id = textOf(value['id']);
  const status = textOf(value['status']);
  const detail = value['progressDetail'];
  if (status !== undefined && warningGrammar.test(status)) return { type: 'warning', text: status };
  // Only an object with `progressDetail`, even an empty one, is about a layer. The ID of a headline is a tag or a digest.
  if (id !== undefined && isJsonObject(detail)) {
    if (id === SUM_ID) return undefined;
    const [current, total] = [numberOf(detail['current']), numberOf(detail['total'])];
    return { type: 'layer', id, status: status ?? '', current, total, units: textOf(detail['units']) };
  }
  if (value['aux'] !== undefined) return { type: 'aux', id, aux: value['aux'] };
  const stream = textOf(value['stream']);
  if (stream !== undefined) return { type: 'stream', text: stream };
  if (status === undefined) return undefined;
  return { type: 'headline', id, status };
}
