// Limits the warnings and names that one call keeps until the end of a stream: a faulty engine can send any number of them.
// The limits count characters and not only items, because one text can be long.

import { DecodeError } from '../../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ProgressEvent } from './progress-events.ts';

/** Warnings that one call keeps, in characters. All warnings go to `onWarning`; real ones are a few lines. */
const WARNINGS_LIMIT = 1024 * 1024;
/** Names, tags and IDs that one call keeps, in characters: 100,000 of the longest ones fit. */
const REPORTED_LIMIT = 64 * 1024 * 1024;
/** The length of the warning that one platform was pushed instead of the index, in characters: it has two digests. */
const LONGEST_WARNING = 300;
/** The cost of each text in addition to its characters, in characters. */
const TEXT_COST = 64;

/** Decides which events a result builder gets. */
export class StreamLimit {
  #warnings = 0;
  #names = 0;
  #dropped = 0;

  /** Whether to keep an event: false for a warning above its limit. Throws a `DecodeError` for names above theirs: all are needed. */
  admits(event: ProgressEvent): boolean {
    if (event.type === 'warning') {
      this.#warnings += TEXT_COST + event.text.length;
      if (this.#warnings <= WARNINGS_LIMIT) return true;
      this.#dropped++;
      return false;
    }
    const length = nameLength(event);
    if (length === undefined) return true;
    this.#names += TEXT_COST + length;
    if (this.#names <= REPORTED_LIMIT) return true;
    throw new DecodeError(`the engine reports more than ${REPORTED_LIMIT} characters of names`, { offset: 0 });
  }

  /** At the end of the stream, returns a warning that counts the dropped ones; undefined if none was dropped. */
  ending(): ProgressEvent | undefined {
    if (this.#dropped === 0) return undefined;
    return { type: 'warning', text: `${this.#dropped} more warnings were dropped: one call keeps ${WARNINGS_LIMIT} characters of them` };
  }
}

/** The length of the text that a result may keep from an event; undefined if it keeps none. */
function nameLength(event: ProgressEvent): number | undefined {
  if (event.type === 'stream') return event.text.includes('Loaded image') ? event.text.length : undefined;
  if (event.type === 'headline') {
    if (event.status.startsWith('Pulling from ')) return event.id?.length ?? 0;
    return event.status.includes(': digest: ') ? event.status.length : undefined; // of a pushed tag
  }
  if (event.type !== 'aux') return undefined;
  const { Tag: tag, manifestPushedInsteadOfIndex } = (event.aux ?? {}) as JsonObject;
  if (manifestPushedInsteadOfIndex === true) return LONGEST_WARNING;
  return typeof tag === 'string' ? tag.length : undefined;
}
