// Results of pull, push, load and import, built from the events of their streams.
//
// A builder takes every event. Its `isComplete` is true if the engine reported that the operation has finished. If it is
// false at the end, client/progress-operations.ts decides what happens.

import { DecodeError } from '../../errors.ts';
import { isJsonObject } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { ProgressEvent } from './progress-events.ts';
import { isDigest } from '../reference.ts';

/** The result of a pull. */
export interface PullResult {
  /** The pulled name in canonical form, `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** The registry's digest for that name, `sha256:...`; undefined after `allTags`, and if Podman has several. */
  readonly digest: string | undefined;
  /** Whether layers were fetched; undefined if the engine does not report it. */
  readonly status: 'downloaded' | 'up-to-date' | undefined;
  /** Warnings of the engine, and one for each check that was not possible because a request after the pull failed. */
  readonly warnings: readonly string[];
}

/** The result of a push. */
export interface PushResult {
  /** The pushed name in canonical form. */
  readonly reference: string;
  /** The digest of the manifest in the registry, `sha256:...`; undefined after `allTags`, which fills `tags`. */
  readonly digest: string | undefined;
  /** The size of the manifest in bytes; undefined if the engine does not report it, and after `allTags`. */
  readonly size: number | undefined;
  /** Every pushed tag with its manifest; undefined without `allTags`. */
  readonly tags: readonly PushedTag[] | undefined;
  /** Warnings of the engine, and a warning if the engine reports that only one platform of several was pushed. */
  readonly warnings: readonly string[];
}

/** A tag that was pushed. */
export interface PushedTag {
  /** The tag alone, `3.20`. */
  readonly tag: string;
  /** The digest of its manifest, `sha256:...`. */
  readonly digest: string;
  /** The size of the manifest in bytes; undefined if the engine does not report it. */
  readonly size: number | undefined;
}

/** The result of a load. */
export interface LoadResult {
  /** The names of the loaded images, as the archive has them. */
  readonly references: readonly string[];
  /** The IDs of loaded images without a name, `sha256:...`. */
  readonly ids: readonly string[];
}

/** The result of an import. */
export interface ImportResult {
  /** The ID of the new image, `sha256:...`. */
  readonly id: string;
}

/**
 * Reads the stream of a pull. Docker ends it with the headlines `Digest: sha256:...` and `Status: Downloaded newer image
 * for ...` or `Status: Image is up to date for ...`. Docker 1.12 of RHEL sends the digest last; socktainer
 * sends `Image digest: sha256:...`. Podman sends no headline: its last event is a layer whose ID is the image's.
 */
export class PullResultBuilder {
  digest: string | undefined;
  /** The tags whose pull has begun; Docker reports each of them. */
  readonly tags: string[] = [];
  readonly warnings: string[] = [];
  /** The shortened digest of the blob that the engine reported last. */
  lastBlobId = '';
  readonly #allTags: boolean;
  #status: PullResult['status'];
  #hasStatusLine = false;
  #hasFetched = false;

  constructor(allTags: boolean) {
    this.#allTags = allTags;
  }

  /**
   * Whether the engine reported, by a digest or a `Status:` line, that the pull has finished. With all tags, each tag has its own
   * digest, and only a `Status:` line after the last begun tag counts. The containerd store sends such a line for every
   * tag, so a stream that is truncated between two tags looks complete.
   */
  get isComplete(): boolean {
    return this.#hasStatusLine || (!this.#allTags && this.digest !== undefined);
  }

  /**
   * The containerd store compares only the digests of names. It says `Image is up to date` even if it has just fetched the
   * image of another platform from the same index.
   */
  get status(): PullResult['status'] {
    return this.#status === 'up-to-date' && this.#hasFetched ? 'downloaded' : this.#status;
  }

  take(event: ProgressEvent): void {
    if (event.type === 'warning') this.warnings.push(event.text);
    else if (event.type === 'headline') this.#takeHeadline(event.id, event.status);
    else if (event.type === 'aux' && isJsonObject(event.aux)) this.digest = digestOf(event.aux['Digest']) ?? this.digest;
    else if (event.type === 'layer') {
      this.lastBlobId = event.id;
      this.#hasFetched ||= /^(?:Downloading|Download complete|Pull complete)/.test(event.status);
    }
  }

  #takeHeadline(id: string | undefined, status: string): void {
    if (id !== undefined && status.startsWith('Pulling from ')) {
      this.tags.push(id);
      this.#hasStatusLine = false;
    }
    this.digest = digestIn(status) ?? this.digest;
    if (!status.startsWith('Status: ')) return;
    this.#hasStatusLine = true;
    if (status.startsWith('Status: Downloaded')) this.#status = 'downloaded';
    if (status.startsWith('Status: Image is up to date')) this.#status ??= 'up-to-date';
  }
}

/**
 * Reads the stream of a push. Each tag ends with `aux: { Tag, Digest, Size }` or with the headline
 * `3.20: digest: sha256:... size: 528`; some engines send only one of the two.
 */
export class PushResultBuilder {
  readonly warnings: string[] = [];
  /** One warning for each tag for which one platform's manifest was pushed instead of the index. */
  readonly replaced: string[] = [];
  last: PushedTag | undefined;
  readonly #tag: string;
  readonly #tags = new Map<string, PushedTag>();
  /** Whether layers were sent after the end of the last tag. */
  #isOpen = false;

  /** `tag` is the requested tag, for engines that do not report it. */
  constructor(tag: string | undefined) {
    this.#tag = tag ?? '';
  }

  /** Whether every begun tag has ended. The stream does not contain the number of tags. */
  get isComplete(): boolean {
    return this.last !== undefined && !this.#isOpen;
  }

  get tags(): PushedTag[] {
    return [...this.#tags.values()];
  }

  take(event: ProgressEvent): void {
    if (event.type === 'warning') this.warnings.push(event.text);
    else if (event.type === 'layer') this.#isOpen = true;
    else if (event.type === 'headline') this.#takeHeadline(event.status);
    else if (event.type === 'aux' && isJsonObject(event.aux)) this.#takeAux(event.aux);
  }

  #takeHeadline(status: string): void {
    const digest = digestIn(status);
    if (digest === undefined) return;
    const tag = /^\w[\w.-]{0,127}(?=: digest: )/.exec(status)?.[0] ?? this.#tag;
    const size = / size: ([0-9]{1,15})$/.exec(status)?.[1];
    this.#endTag({ tag, digest, size: size === undefined ? undefined : Number(size) });
  }

  #takeAux(aux: JsonObject): void {
    const { Tag = this.#tag, Digest, Size } = aux;
    if (Digest !== undefined || Size !== undefined) {
      const isSize = Size === undefined || (Number.isSafeInteger(Size) && Number(Size) >= 0);
      const digest = digestOf(Digest);
      if (typeof Tag !== 'string' || digest === undefined || !isSize) {
        const message = 'the engine ended the push with invalid data: Tag must be a string, Digest a digest, Size a number of bytes';
        throw new DecodeError(message, { offset: 0 });
      }
      this.#endTag({ tag: Tag, digest, size: Size as number | undefined });
    }
    this.replaced.push(...replacedIndex(aux));
  }

  #endTag(pushed: PushedTag): void {
    this.last = { ...pushed, size: pushed.size ?? this.#tags.get(pushed.tag)?.size };
    this.#isOpen = false;
    this.#tags.set(pushed.tag, this.last);
  }
}

/**
 * Reads the stream of a load. It has a line `Loaded image: NAME` for each name (Podman: one line, names separated by
 * commas), or `Loaded image ID: sha256:...` for an image without a name.
 */
export class LoadResultBuilder {
  readonly #references = new Set<string>();
  readonly #ids = new Set<string>();
  /** Whether layers were sent after the last name. */
  #isOpen = false;
  isSilent = true;
  /** What a containerd store says about an image that it has loaded and cannot use: a line of text, and not an error. */
  unpackError: string | undefined;

  get isComplete(): boolean {
    return this.#references.size + this.#ids.size > 0 && !this.#isOpen;
  }

  get result(): LoadResult {
    return { references: [...this.#references], ids: [...this.#ids] };
  }

  take(event: ProgressEvent): void {
    this.isSilent = false;
    if (event.type === 'layer') this.#isOpen = true;
    if (event.type !== 'stream') return;
    for (const line of event.text.split('\n')) this.#takeLine(line.trim());
  }

  #takeLine(line: string): void {
    if (/^Error unpacking image /.test(line)) this.unpackError ??= line;
    const [start = '', isId] = /^Loaded image( ID)?(?:\(s\))?:/.exec(line) ?? [];
    if (start === '') return;
    this.#isOpen = false;
    for (const name of line.slice(start.length).split(',').map((each) => each.trim())) {
      // Podman writes "Loaded image: sha256:..." for an image without a name.
      if (isId !== undefined || isDigest(name)) this.#ids.add(name);
      else if (name !== '') this.#references.add(name);
    }
  }
}

/** Reads the stream of an import: the status of the last line is the new image's ID. */
export class ImportResultBuilder {
  id: string | undefined;

  take(event: ProgressEvent): void {
    if (event.type === 'headline' || event.type === 'layer') this.id = digestGrammar.exec(event.status)?.[0] ?? this.id;
  }
}

const digestGrammar = /sha256:[0-9a-f]{64}/;

/** The digest of a headline: `Digest: sha256:...`, `Image digest: sha256:...`, `3.20: digest: sha256:... size: 528`. */
function digestIn(status: string): string | undefined {
  if (isDigest(status)) return status;
  return /^(?:[Ii]mage |\S{1,128}: )?[Dd]igest: (sha256:[0-9a-f]{64})/.exec(status)?.[1];
}

function digestOf(value: unknown): string | undefined {
  return typeof value === 'string' && isDigest(value) ? value : undefined;
}

/** Reads moby's `auxprogress.ManifestPushedInsteadOfIndex`: the engine lacks other platforms of the index. */
function replacedIndex({ manifestPushedInsteadOfIndex, originalIndex, selectedManifest }: JsonObject): string[] {
  if (manifestPushedInsteadOfIndex !== true) return [];
  const named = (value: unknown): string => (isJsonObject(value) && digestOf(value['digest'])) || 'without a digest';
  const [manifest, index] = [named(selectedManifest), named(originalIndex)];
  const message = `only one platform was pushed: the manifest ${manifest} instead of the index ${index}`;
  return [`${message}, of which the engine lacks other platforms`];
}
