// What came of an operation, gathered from what the engine reported on the way.

import { TruncatedError } from '../errors.ts';
import { isJsonObject } from './answer.ts';
import type { ProgressEvent } from './progress.ts';

/** What a pull came to. */
export interface PullResult {
  /** In canonical form, `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** `sha256:...` of what the registry has under that name; undefined after `allTags`, or where Podman knows several. */
  readonly digest: string | undefined;
  /** Undefined where the engine does not tell. */
  readonly status: 'downloaded' | 'up-to-date' | undefined;
  readonly warnings: readonly string[];
}

/** What a push came to. */
export interface PushResult {
  /** In canonical form. */
  readonly reference: string;
  /** `sha256:...` of the manifest that the registry has now; undefined after `allTags`, which has many. */
  readonly digest: string | undefined;
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

/** Sees every event in turn, and then says what came of it. */
export interface Outcome<Result> {
  take(event: ProgressEvent): void;
  /** A `TruncatedError` where the stream ended without what makes it a success. */
  result(): Result;
}

/** A pull's: what the stream leaves out may be told beside it. */
export interface PullOutcome extends Outcome<PullResult> {
  /** The tags that the stream named; Docker names each. */
  tags(): readonly string[];
  tell(known: Pick<PullResult, 'digest' | 'status'>): void;
}

/** A push's. */
export interface PushOutcome extends Outcome<PushResult> {
  /** Whether the stream named the digest, or there is no one digest to be named. */
  isTold(): boolean;
  tell(digest: string | undefined): void;
}

/** An import's. */
export type ImportOutcome = Outcome<ImportResult>;

const digestGrammar = /sha256:[0-9a-f]{64}/;

/**
 * `Digest: sha256:...`, `Status: Downloaded newer image for ...`, `Status: Image is up to date for ...`. Of a reference without
 * tag and digest, all tags were pulled, and there is no one digest.
 */
export function pullOutcome(reference: string): PullOutcome {
  const isOne = /[:@]/.test(reference.slice(reference.lastIndexOf('/') + 1));
  let digest: string | undefined;
  let status: PullResult['status'];
  const warnings: string[] = [];
  const tags: string[] = [];
  return {
    tags: () => tags,
    take(event) {
      if (event.type === 'warning') warnings.push(event.text);
      if (event.type !== 'headline') return;
      if (event.id !== undefined && event.status.startsWith('Pulling from ')) tags.push(event.id);
      if (event.status.startsWith('Digest: ')) digest = digestGrammar.exec(event.status)?.[0];
      if (event.status.startsWith('Status: Downloaded')) status = 'downloaded';
      if (event.status.startsWith('Status: Image is up to date')) status ??= 'up-to-date';
    },
    tell(known) {
      digest ??= known.digest;
      status ??= known.status;
    },
    result: () => ({ reference, digest: isOne ? digest : undefined, status, warnings }),
  };
}

/** `aux: { Tag, Digest, Size }`, or the text `3.20: digest: sha256:... size: 528`. With all tags, no one digest. */
export function pushOutcome(reference: string, allTags: boolean): PushOutcome {
  let digest: string | undefined;
  let size: number | undefined;
  return {
    take(event) {
      if (event.type === 'aux' && isJsonObject(event.aux) && typeof event.aux['Digest'] === 'string') {
        digest = event.aux['Digest'];
        size = typeof event.aux['Size'] === 'number' ? event.aux['Size'] : undefined;
      } else if (event.type === 'headline') {
        const match = /digest: (sha256:[0-9a-f]{64}) size: ([0-9]+)/.exec(event.status);
        if (match) [digest, size] = [match[1], Number(match[2])];
      }
    },
    isTold: () => allTags || digest !== undefined,
    tell(known) {
      digest = known;
    },
    result: () => (allTags ? { reference, digest: undefined, size: undefined } : { reference, digest, size }),
  };
}

/** `Loaded image: ref` for each name, with commas between them on Podman; `Loaded image ID: sha256:...` without one. */
export function loadOutcome(): Outcome<LoadResult> {
  const references: string[] = [];
  const ids: string[] = [];
  const takeLine = (line: string): void => {
    const match = /^Loaded image( ID)?(?:\(s\))?: (.*)$/.exec(line.trimEnd());
    for (const name of match?.[2]?.split(',') ?? []) {
      const trimmed = name.trim();
      if (trimmed === '') continue;
      // Podman says "Loaded image: sha256:..." of an image without a name.
      if (match?.[1] !== undefined || /^sha256:[0-9a-f]{64}$/.test(trimmed)) ids.push(trimmed);
      else references.push(trimmed);
    }
  };
  return {
    take(event) {
      if (event.type !== 'stream') return;
      for (const line of event.text.split('\n')) takeLine(line); // Docker 20.10 may say several lines at once
    },
    result() {
      // Docker 28 with a graphdriver store says nothing, and loads nothing, where no image is of the wanted platform.
      if (references.length + ids.length > 0) return { references: [...new Set(references)], ids: [...new Set(ids)] };
      throw new TruncatedError('the stream ended without a word of what was loaded', { phase: 'stream', received: 0 });
    },
  };
}

/** The last line's status is the id; without it there is no image. */
export function importOutcome(): ImportOutcome {
  let id: string | undefined;
  return {
    take(event) {
      if (event.type === 'headline' || event.type === 'layer') id = digestGrammar.exec(event.status)?.[0] ?? id;
    },
    result() {
      if (id !== undefined) return { id };
      throw new TruncatedError('the stream ended without the id of the image', { phase: 'stream', received: 0 });
    },
  };
}
