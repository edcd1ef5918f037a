// The seam between content and files, as channel.ts is the one between bytes and sockets.

import type { Readable } from 'node:stream';
import type { RequestBody } from './engine-request.ts';
import type { ContentSink } from './transport.ts';

/** What archives need of a file system. */
export interface ArchiveFiles {
  /** The absolute path of a path or a `file:` URL as it is now; an `ArgumentError` that names `place` if it is neither. */
  absolutePath(path: string | URL, place: string): string;
  /** A file's bytes as content to be sent, with their length; a FIFO's or a device's without. */
  openFile(path: string): Promise<RequestBody>;
  /** Has a stream read in larger pieces, where it is an untouched one of a file. */
  inLargeReads(stream: Readable): void;
  /** A file that is to be written as a whole, or not at all. */
  createFile(path: string): Promise<FileSink>;
}

/** A sink that becomes a file when it is committed. */
export interface FileSink extends ContentSink {
  /** Ends with the signal's reason where it is aborted before the file has its name. */
  commit(signal: AbortSignal | undefined): Promise<void>;
  discard(): Promise<void>;
}
