// How much of a stream is kept in memory until its end, for its result. An engine, or what poses as one, can send warnings
// and names for ever. Limits count characters, not only items: one text can be long.

import { DecodeError } from '../../errors.ts';
import type { ProgressEvent } from './json-stream.ts';

/** Warnings of one call that are kept, in characters; all of them go to `onWarning`. Real ones are a few lines. */
const WARNINGS_LIMIT = 1024 * 1024;
/** Names, tags and ids that one call may report, in characters: 100,000 of the longest ones fit. */
const REPORTED_LIMIT = 64 * 1024 * 1024;
/** What each text costs beside its characters. */
const TEXT_COST = 64;

/** Decides what an outcome gets to see. */
export class StreamLimit {
  #warnings = 0;
  #names = 0;
  #dropped = 0;

  /** False for an event that is not to be kept; throws where the names, of which none may be lost, are too many. */
  admits(event: ProgressEvent): boolean {
    if (event.type === 'warning') return this.#admitsWarning(event.text);
    const length = nameLength(event);
    if (length === undefined) return true;
    this.#names += TEXT_COST + length;
    if (this.#names <= REPORTED_LIMIT) return true;
    throw new DecodeError(`the engine reports more than ${REPORTED_LIMIT} characters of names`, { offset: 0 });
  }

  /** The warning that says how many others are missing; undefined where none is. */
  ending(): ProgressEvent | undefined {
    if (this.#dropped === 0) return undefined;
    return { type: 'warning', text: `${this.#dropped} more warnings, beyond ${WARNINGS_LIMIT} characters, were not kept` };
  }

  #admitsWarning(text: string): boolean {
    this.#warnings += TEXT_COST + text.length;
    if (this.#warnings <= WARNINGS_LIMIT) return true;
    this.#dropped++;
    return false;
  }
}

/** The length of the text from which an outcome may keep a part, and the text with it; undefined where it keeps none. */
function nameLength(event: ProgressEvent): number | undefined {
  if (event.type === 'stream') return event.text.includes('Loaded image') ? event.text.length : undefined;
  if (event.type === 'headline') {
    if (event.status.startsWith('Pulling from ')) return event.id?.length ?? 0;
    return event.status.includes(': digest: ') ? event.status.length : undefined; // of a tag that was pushed
  }
  if (event.type !== 'aux') return undefined;
  const tag = (event.aux as { readonly Tag?: unknown } | null)?.Tag;
  return typeof tag === 'string' ? tag.length : undefined;
}
