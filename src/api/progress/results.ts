// What pull, push, load and import give, and what their streams say of it. A stream is read to its end here; whether the
// operation has finished when its stream does not say so is decided in follow-up.ts.

import { DecodeError } from '../../errors.ts';
import { isJsonObject } from '../api-error.ts';
import type { JsonObject } from '../api-error.ts';
import type { ProgressEvent } from './json-stream.ts';
import { isDigest } from '../reference.ts';

/** What a pull came to. */
export interface PullResult {
  /** In canonical form, `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** `sha256:...` of what the registry has under that name; undefined after `allTags`, or where Podman knows several. */
  readonly digest: string | undefined;
  /** Undefined where the engine does not tell. */
  readonly status: 'downloaded' | 'up-to-date' | undefined;
  /** What the engine warned of, and what could not be checked because a question after the pull failed. */
  readonly warnings: readonly string[];
}

/** What a push came to. */
export interface PushResult {
  /** In canonical form. */
  readonly reference: string;
  /** `sha256:...` of the manifest that the registry has now; undefined after `allTags`, which has `tags`. */
  readonly digest: string | undefined;
  /** Of the manifest, in bytes. */
  readonly size: number | undefined;
  /** Each tag that `allTags` pushed, with its manifest; undefined without `allTags`. */
  readonly tags: readonly PushedTag[] | undefined;
  /** What the engine warned of, and that one platform was pushed in place of all, where that can be told. */
  readonly warnings: readonly string[];
}

/** A tag that the registry has now. */
export interface PushedTag {
  readonly tag: string;
  /** `sha256:...` of its manifest. */
  readonly digest: string;
  /** Of the manifest, in bytes. */
  readonly size: number | undefined;
}

/** What a load came to. */
export interface LoadResult {
  /** The names that the archive gave its images. */
  readonly references: readonly string[];
  /** The ids of the images that it gave no name. */
  readonly ids: readonly string[];
}

/** What an import came to. */
export interface ImportResult {
  /** The new image's, `sha256:...`. */
  readonly id: string;
}

/**
 * What the stream of a pull says: `Digest: sha256:...`, then `Status: Downloaded newer image for ...` or `Status: Image is
 * up to date for ...`. Docker 1.12 of RHEL ends with the digest, socktainer with `Image digest: sha256:...`, and Podman
 * with the image's id, as the id of one more layer.
 */
export class PullReport {
  /** Of the registry's manifest or index. */
  digest: string | undefined;
  /** The tags that were begun; Docker names each. */
  readonly tags: string[] = [];
  readonly warnings: string[] = [];
  /** The id of the last layer event. */
  lastLayer = '';
  readonly #allTags: boolean;
  #status: PullResult['status'];
  #isClosed = false;
  #hasFetched = false;

  constructor(allTags: boolean) {
    this.#allTags = allTags;
  }

  /**
   * Whether the stream said that the pull has finished: by a digest or a `Status:` line. Of all tags each has a digest, and
   * only a `Status:` line after the last tag that was begun is an end; the containerd store has one for each tag, too, so
   * that a stream that is cut between two tags looks whole.
   */
  get isFinished(): boolean {
    return this.#isClosed || (!this.#allTags && this.digest !== undefined);
  }

  take(event: ProgressEvent): void {
    if (event.type === 'warning') this.warnings.push(event.text);
    else if (event.type === 'layer') this.#takeLayer(event.id, event.status);
    else if (event.type === 'headline') this.#takeHeadline(event.id, event.status);
    else if (event.type === 'aux' && isJsonObject(event.aux)) this.digest = digestOf(event.aux['Digest']) ?? this.digest;
  }

  /**
   * The containerd store compares only the names' digests: of an index of which it has fetched another platform's
   * image, it says `Image is up to date`.
   */
  get status(): PullResult['status'] {
    return this.#status === 'up-to-date' && this.#hasFetched ? 'downloaded' : this.#status;
  }

  #takeLayer(id: string, status: string): void {
    this.lastLayer = id;
    this.#hasFetched ||= /^(?:Downloading|Download complete|Pull complete)/.test(status);
  }

  #takeHeadline(id: string | undefined, status: string): void {
    if (id !== undefined && status.startsWith('Pulling from ')) {
      this.tags.push(id);
      this.#isClosed = false;
    }
    this.digest = digestIn(status) ?? this.digest;
    if (!status.startsWith('Status: ')) return;
    this.#isClosed = true;
    if (status.startsWith('Status: Downloaded')) this.#status = 'downloaded';
    if (status.startsWith('Status: Image is up to date')) this.#status ??= 'up-to-date';
  }
}

/**
 * What the stream of a push says of each tag: `aux: { Tag, Digest, Size }`, or the text `3.20: digest: sha256:... size: 528`.
 * One of them is the end of the tag, and the only one.
 */
export class PushReport {
  readonly warnings: string[] = [];
  /** That one platform's manifest was pushed in place of the index, in words; undefined where it was not. */
  replaced: string | undefined;
  readonly #tag: string;
  readonly #tags = new Map<string, PushedTag>();
  #last: PushedTag | undefined;
  #isOpen = false;

  /** `tag`: the one that was asked for, for engines that do not repeat it. */
  constructor(tag: string | undefined) {
    this.#tag = tag ?? '';
  }

  take(event: ProgressEvent): void {
    if (event.type === 'warning') this.warnings.push(event.text);
    else if (event.type === 'layer') this.#isOpen = true;
    else if (event.type === 'headline') this.#takeHeadline(event.status);
    else if (event.type === 'aux' && isJsonObject(event.aux)) this.#takeAux(event.aux);
  }

  /** Whether each tag that was begun has come to its end, as far as the stream tells: it never says how many there are. */
  get isFinished(): boolean {
    return this.#last !== undefined && !this.#isOpen;
  }

  /** The tag that came to its end last. */
  get last(): PushedTag | undefined {
    return this.#last;
  }

  get tags(): PushedTag[] {
    return [...this.#tags.values()];
  }

  #takeHeadline(status: string): void {
    const digest = digestIn(status);
    if (digest === undefined) return;
    const tag = /^\w[\w.-]{0,127}(?=: digest: )/.exec(status)?.[0] ?? this.#tag;
    const size = / size: ([0-9]{1,15})$/.exec(status)?.[1];
    this.#note({ tag, digest, size: size === undefined ? undefined : Number(size) });
  }

  #takeAux(aux: JsonObject): void {
    const { Tag = this.#tag, Digest, Size } = aux;
    if (Digest !== undefined || Size !== undefined) {
      const isWhole = Size === undefined || (Number.isSafeInteger(Size) && Number(Size) >= 0);
      const digest = digestOf(Digest);
      if (typeof Tag !== 'string' || digest === undefined || !isWhole) {
        throw new DecodeError('the end of the push has a Tag that is not a text, a Digest that is not one, or a Size that is not a size', { offset: 0 });
      }
      this.#note({ tag: Tag, digest, size: Size as number | undefined });
    }
    this.replaced = replacedIndex(aux) ?? this.replaced;
  }

  #note(pushed: PushedTag): void {
    this.#last = { ...pushed, size: pushed.size ?? this.#tags.get(pushed.tag)?.size };
    this.#isOpen = false;
    this.#tags.set(pushed.tag, this.#last);
  }
}

/** What the stream of a load says: `Loaded image: ref` for each name (Podman: one line, with commas), or `Loaded image ID: sha256:...`. */
export class LoadReport {
  readonly #references = new Set<string>();
  readonly #ids = new Set<string>();
  #isOpen = false;
  /** Whether no message said anything. */
  isSilent = true;

  take(event: ProgressEvent): void {
    this.isSilent = false;
    if (event.type === 'layer') this.#isOpen = true;
    if (event.type !== 'stream') return;
    for (const line of event.text.split('\n')) this.#takeLine(line.trim());
  }

  /** Whether the image of every layer was named. */
  get isFinished(): boolean {
    return this.#references.size + this.#ids.size > 0 && !this.#isOpen;
  }

  get result(): LoadResult {
    return { references: [...this.#references], ids: [...this.#ids] };
  }

  #takeLine(line: string): void {
    const [start = '', isId] = /^Loaded image( ID)?(?:\(s\))?:/.exec(line) ?? [];
    if (start === '') return;
    this.#isOpen = false;
    for (const name of line.slice(start.length).split(',')) {
      const trimmed = name.trim();
      // Podman says "Loaded image: sha256:..." of an image without a name.
      if (isId !== undefined || isDigest(trimmed)) this.#ids.add(trimmed);
      else if (trimmed !== '') this.#references.add(trimmed);
    }
  }
}

/** What the stream of an import says: the last line's status is the id. */
export class ImportReport {
  id: string | undefined;

  take(event: ProgressEvent): void {
    if (event.type === 'headline' || event.type === 'layer') this.id = digestGrammar.exec(event.status)?.[0] ?? this.id;
  }
}

const digestGrammar = /sha256:[0-9a-f]{64}/;

/** The digest that a line is about: `Digest: sha256:...`, `Image digest: sha256:...`, `1: digest: sha256:... size: 528`. */
function digestIn(status: string): string | undefined {
  if (isDigest(status)) return status;
  return /^(?:[Ii]mage |\S{1,128}: )?[Dd]igest: (sha256:[0-9a-f]{64})/.exec(status)?.[1];
}

function digestOf(value: unknown): string | undefined {
  return typeof value === 'string' && isDigest(value) ? value : undefined;
}

/** moby's auxprogress.ManifestPushedInsteadOfIndex: of an index whose other platforms it lacks, it pushes one manifest. */
function replacedIndex({ manifestPushedInsteadOfIndex, originalIndex, selectedManifest }: JsonObject): string | undefined {
  if (manifestPushedInsteadOfIndex !== true) return undefined;
  const named = (value: unknown): string => (isJsonObject(value) && digestOf(value['digest'])) || 'without a digest';
  const [manifest, index] = [named(selectedManifest), named(originalIndex)];
  return `only one platform was pushed: the manifest ${manifest} in place of the index ${index}, of which the engine lacks other platforms`;
}
