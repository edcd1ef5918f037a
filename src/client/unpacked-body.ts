// Recognizes a compressed archive by its first bytes, and decompresses it before it is uploaded if the engine does not do so itself. Most
// archives are sent as they are: an engine decompresses what the table in api/compressed-archives.ts does not exclude.

import { abortable } from '../async/abort.ts';
import { refusingEngine } from '../api/compressed-archives.ts';
import type { ArchiveUpload } from '../api/compressed-archives.ts';
import type { EngineFacts } from '../api/encode-call.ts';
import { compressionOf } from '../api/media-types.ts';
import type { Compression } from '../api/media-types.ts';
import { copyOf } from '../bytes.ts';
import type { RequestBody } from '../connection/engine-request.ts';
import { UploadError } from '../errors.ts';
import { decompressed, isAvailable } from '../system/compression.ts';

/** The bytes that show how a file is compressed. */
const START_BYTES = 4;
/** The most items in which they are looked for: a source may give empty chunks without end. */
const PEEKED_ITEMS = 64;

/** A body whose first bytes have been read. */
export interface BegunBody {
  readonly body: RequestBody;
  /** How the source is compressed. */
  readonly compression: Compression | undefined;
  /** Closes the source, if nothing else has read it to its end. */
  readonly close: () => void;
}

/** The upload of an archive to an engine. */
export interface Destination {
  readonly operation: ArchiveUpload;
  readonly identity: () => Promise<EngineFacts['identity']>;
}

/**
 * Reads the first bytes of a body. A compressed body is decompressed, unless it goes to an engine that does this itself. Throws an
 * `UploadError` if this client cannot decompress the format.
 */
export async function unpackedBody(given: RequestBody, to: Destination | undefined, signal: AbortSignal | undefined): Promise<BegunBody> {
  const { start, body, close } = await begin(given, signal);
  const compression = compressionOf(start);
  try {
    const engine = to && compression && refusingEngine(to.operation, compression, await to.identity());
    if (compression === undefined || (to !== undefined && engine === undefined)) return { body, compression, close };
    const format = compression === 'skippable' ? 'zstd' : compression;
    const who = engine === undefined ? '' : `${engine} does not ${to?.operation === 'loadImage' ? 'load' : 'import'} and `;
    if (format === 'xz' || format === 'bzip2') throw cannot(format, `${who}this client cannot decompress`);
    if (!isAvailable(format)) throw cannot(format, `${who}this client decompresses only with Node 22.15 or later`);
    return { body: { chunks: decompressed(chunksOf(body), format, close), onSent: given.onSent }, compression, close };
  } catch (error) {
    close();
    throw error;
  }
}

function cannot(format: string, why: string): UploadError {
  return new UploadError(`the archive is compressed with ${format}, which ${why}. Decompress it first: ${format} -d FILE`);
}

/** A body whose start is known, and that still has all of its bytes. */
interface Begun {
  /** In Latin-1. */
  readonly start: string;
  readonly body: RequestBody;
  readonly close: () => void;
}

async function begin(body: RequestBody, signal: AbortSignal | undefined): Promise<Begun> {
  if ('bytes' in body) return { start: startOf([body.bytes]), body, close: () => {} };
  if ('groups' in body) {
    const { start, items, close } = await peek(body.groups, (group) => group, (group) => group, signal);
    return { start, body: { ...body, groups: items }, close };
  }
  const { start, items, close } = await peek(body.chunks, (chunk) => [chunk], (chunk) => (chunk.length === 0 ? chunk : copyOf(chunk)), signal);
  return { start, body: { ...body, chunks: items }, close };
}

/** Reads items until their first bytes are there, and returns an iterable of all items. `keep` copies an item whose memory may be reused. */
async function peek<Item>(
  source: AsyncIterable<Item>,
  blocksOf: (item: Item) => readonly Uint8Array[],
  keep: (item: Item) => Item,
  signal: AbortSignal | undefined,
) {
  let iterator: AsyncIterator<Item> | undefined;
  const read = async (): Promise<IteratorResult<Item>> => (iterator ??= source[Symbol.asyncIterator]()).next();
  let isClosed = false;
  const close = (): void => {
    if (!isClosed) Promise.resolve(iterator?.return?.()).catch(() => {});
    isClosed = true; // the upload and the call may both close it
  };
  const held: Array<Promise<IteratorResult<Item>>> = [];
  let start = '';
  while (start.length < START_BYTES && held.length < PEEKED_ITEMS) {
    const reading = read();
    held.push(reading);
    // An error of the source, its end, and an item that is not bytes are left to the upload.
    const next = await abortable(reading, signal).catch(() => undefined);
    if (signal?.aborted === true) close();
    signal?.throwIfAborted();
    const blocks = next === undefined || next.done === true ? [] : blocksOf(next.value);
    if (next === undefined || next.done === true || !blocks.every((block) => block instanceof Uint8Array)) break;
    start = (start + startOf(blocks)).slice(0, START_BYTES);
    if (start.length < START_BYTES) held[held.length - 1] = Promise.resolve({ done: false, value: keep(next.value) });
  }
  const items: AsyncIterable<Item> = {
    [Symbol.asyncIterator]: () => ({
      next: () => held.shift() ?? read(),
      return: async () => (close(), { done: true, value: undefined }),
    }),
  };
  return { start, items, close };
}

/** The first bytes of some blocks, in Latin-1. A block whose memory was transferred has none. */
function startOf(blocks: readonly Uint8Array[]): string {
  let start = '';
  for (const block of blocks) {
    for (let i = 0; i < block.length && start.length < START_BYTES; i++) start += String.fromCharCode(block[i] as number);
  }
  return start;
}

/** The bytes of a body, one chunk after the other. */
export async function* chunksOf(body: RequestBody): AsyncGenerator<Uint8Array, void, void> {
  if ('bytes' in body) yield body.bytes;
  else if ('chunks' in body) yield* body.chunks;
  else for await (const group of body.groups) yield* group;
}
